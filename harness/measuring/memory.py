"""What a run of a track holds in memory, measured: the figures of its card."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from harness.execution.capacity.footprint import MIB, Footprint
from harness.runs import peak_memory
from harness.runs.run import Bench
from harness.specs import BASELINE, Entry, RunSpec
from harness.tracks.track import Track

COPIES = 4
"""Of the weights: they themselves, their average, and two moments, which the first step of the optimiser makes."""


def footprint_alone(track: Track, device: torch.device) -> Footprint:
    """`footprint` in a process of its own, where no freed block hides what is asked for."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_of, track, device).result()


def _of(track: Track, device: torch.device) -> Footprint:
    return footprint(Bench(track, device))


def footprint(place: Bench) -> Footprint:
    """Data and state by their size; training and evaluation by how much the peak grew over a block and over a mark.

    On a CPU that is resident memory, of which freed blocks may be used again: a process of its own says most.
    """
    track, spec = place.track, RunSpec(track=place.track.name, target="v", entry=Entry.of(BASELINE), seed=0)
    trainer = place.trainer(spec)
    weights = sum(weight.nbytes for weight in trainer.parameters) / MIB
    training = grown(lambda: trainer.run(track.training.block), place.device) - 2 * weights
    evaluation = grown(lambda: place.score(trainer, spec, track.marks[-1]), place.device)
    data = place.data
    return Footprint(
        data=sum(split.nbytes for split in (data.train, data.val, data.test)) / MIB,
        state=COPIES * weights,
        training=max(0.0, training),
        evaluation=evaluation,
    )


def grown(work: Callable[[], object], device: torch.device) -> float:
    """MiB by which the peak rose, during `work`, over what was held before."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc's: blocks that were freed go back to the system
        ctypes.CDLL(None).malloc_trim(0)
    peak_memory.reset_peak(device)
    before = peak_memory.peak_mib(device)
    work()
    return peak_memory.peak_mib(device) - before
