"""What a run will take on this machine, in seconds, from a part of it: to be known before any run.

    seconds ≈ steps · (a block of steps) / (steps of a block) + Σ_guidance samples · (a chunk of them) / (its samples)

The first block warms up and is not counted; of several the mean counts, as other work on the machine will take its part
of the runs, too. Metrics come on top: a run takes a little more than is said here.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable
from statistics import fmean

import torch

from harness.device import wait_for
from harness.evaluation.drawing import SAMPLING_CHUNK, Subject
from harness.runs.run import Bench
from harness.specs import BASELINE, Entry, RunSpec
from harness.tracks.track import Track

REPEATS = 3


def seconds_of_a_run(place: Bench, target: str) -> float:
    """Seconds of a run of the baseline by the clock, other work on the machine included; some seconds of work."""
    track, rules = place.track, place.track.training
    trainer = place.trainer(RunSpec(track=track.name, target=target, entry=Entry.of(BASELINE), seed=0))
    first = min(rules.block, rules.steps)
    trainer.run(first)
    blocks = [
        _timed(place.device, functools.partial(trainer.run, done + rules.block)) / rules.block
        for done in range(first, rules.steps - rules.block + 1, rules.block)[:REPEATS]
    ]
    training = fmean(blocks) if blocks else 0.0
    subject, chunk = Subject(trainer.ema.average, target, 0), min(SAMPLING_CHUNK, track.evaluation.samples)
    drawing = 0.0
    for guidance, samples in samples_of_a_run(track).items():
        draw = functools.partial(place.evaluator.draw, subject, place.evaluator.grid, guidance, chunk)
        drawing += samples * fmean(_timed(place.device, draw) for _ in range(REPEATS)) / chunk
    return rules.steps * training + drawing


def samples_of_a_run(track: Track) -> Counter[float]:
    """Guidance scale → samples that a run draws there, over all marks; the two further sets unguided."""
    rules, samples = track.evaluation, Counter[float]()
    for mark in rules.marks:
        last = mark == 1.0
        for guidance in rules.guidance if last or rules.guided_marks else (1.0,):
            samples[guidance] += max((rules.samples, *rules.fid)) if last else rules.samples
    samples[1.0] += 2 * rules.samples
    return samples


def _timed(device: torch.device, work: Callable[[], object]) -> float:
    wait_for(device)
    before = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - before
