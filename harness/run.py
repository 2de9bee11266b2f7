"""One run, from its specification to its result. Knows nothing of processes or of where results are kept."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

import schedules
from harness import memory, tracks
from harness.evaluation import Evaluator, Scores
from harness.metrics.keys import Measured
from harness.networks.network import Network
from harness.specs import BASELINE, RunSpec
from harness.tracks.track import Track
from harness.training.loop import Diverged, Trainer
from harness.training.noise_levels import NoiseLevelSource
from harness.training.streams import Streams

LOSS_BINS = 50
DENSITY_POINTS = 401


@dataclass
class RunResult:
    """What a run produced.

    outcome: "finished", "diverged" or "failed"; reason and step say why when not finished
    losses:  (step, mean training loss since the last one)
    learned: λ and p(λ) at the end of training, (n,) each, of a schedule that learns
    learned_state: arrays that a schedule or weighting which learns would go on from
    """

    spec: RunSpec
    outcome: str = "finished"
    reason: str = ""
    step: int | None = None
    values: dict[Measured, float] = field(default_factory=dict)
    losses: list[tuple[int, float]] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    scores: Scores | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)
    learned: tuple[np.ndarray, np.ndarray] | None = None
    learned_state: dict[str, np.ndarray] = field(default_factory=dict)


class Bench:
    """A track ready to run on a device: data and references loaded once, used by every run of a process."""

    def __init__(self, track: Track, device: torch.device) -> None:
        self.track, self.device = track, device
        self.data = track.data().to(device)
        self.evaluator = Evaluator(track, self.data, device)

    def network(self, seed: int) -> Network:
        """The track's network with the seed's initial weights, drawn on the CPU so that every device starts alike."""
        generator = Streams(seed).torch("initial weights")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator.initial_seed())
            network: Network = self.track.network(self.data.shape, self.data.classes)
        return network.to(self.device)

    def trainer(self, spec: RunSpec) -> Trainer:
        """A fresh trainer for a run."""
        schedule, weighting = spec.entry.make()
        rules = self.track.training
        baseline = schedules.create(BASELINE) if spec.entry.apply == "weight" else None
        levels = NoiseLevelSource(schedule, weighting, spec.target, rules.logsnr_range, baseline)
        return Trainer(
            self.network(spec.seed), rules, self.data.train, self.data.classes, spec.target, levels, spec.seed
        )


@functools.lru_cache(maxsize=2)
def bench(track: str, device: torch.device) -> Bench:
    """The process's bench for a track."""
    return Bench(tracks.get(track), device)


def execute(
    spec: RunSpec, device: torch.device, on_progress: Callable[[float], None] = lambda share: None
) -> RunResult:
    """Train and evaluate. `on_progress` gets the share of the training steps done, and 1 at the very end.

    A loss or a score that is not finite makes a result with outcome "diverged"; other errors are raised.
    """
    place = bench(spec.track, device)
    memory.reset_peak(device)
    trainer = place.trainer(spec)
    result = RunResult(spec)
    train_seconds = evaluation_seconds = 0.0
    drawn = 0
    try:
        for mark, until in zip(place.track.marks, place.track.mark_steps(), strict=True):
            started = time.perf_counter()
            trainer.run(until, lambda done: on_progress(0.999 * done / place.track.training.steps))
            _wait_for(device)
            trained = time.perf_counter()
            scores = place.evaluator(trainer.ema.average, spec.target, spec.seed, mark, trainer.levels.schedule)
            _wait_for(device)
            train_seconds += trained - started
            evaluation_seconds += time.perf_counter() - trained
            drawn += scores.samples_drawn
            _check(scores, until)
            result.values.update(scores.values)
            result.scores = scores
        result.weights = {key: value.cpu() for key, value in trainer.ema.average.state_dict().items()}
    except Diverged as diverged:
        result.outcome, result.reason, result.step = "diverged", diverged.reason, diverged.step
    schedule = trainer.levels.schedule
    if schedule.learns:
        logsnr = np.linspace(*place.track.training.logsnr_range, DENSITY_POINTS)
        result.learned = (logsnr, schedule.pdf(logsnr))
    for part, learner in (("schedule", schedule), ("weighting", trainer.levels.weighting)):
        state = learner.state_dict()
        result.learned_state |= {f"{part}.{key}": np.asarray(value) for key, value in state.items()}
    result.losses = _binned(trainer.losses[: trainer.done], place.track.training.steps)
    result.costs = {
        "seconds/training": train_seconds,
        "seconds/evaluation": evaluation_seconds,
        "images_per_second/training": trainer.done * place.track.training.batch / max(train_seconds, 1e-9),
        "images_per_second/sampling": drawn / max(evaluation_seconds, 1e-9),
        "memory/peak_mib": memory.peak_mib(device),
    }
    on_progress(1.0)
    return result


def _check(scores: Scores, step: int) -> None:
    for measured, value in scores.values.items():
        if not torch.isfinite(torch.tensor(value)):
            raise Diverged(step, f"{measured.mark_key} is {value}")


def _binned(losses: Tensor, steps: int) -> list[tuple[int, float]]:
    """Mean training loss over consecutive stretches of steps, each at its last step, without those that hold a NaN."""
    width = max(1, steps // LOSS_BINS)
    bins = [(start + len(part), float(part.mean())) for start, part in _stretches(losses.double().cpu(), width)]
    return [(step, loss) for step, loss in bins if loss == loss and abs(loss) != float("inf")]


def _stretches(losses: Tensor, width: int) -> list[tuple[int, Tensor]]:
    return [(start, losses[start : start + width]) for start in range(0, len(losses), width)]


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
