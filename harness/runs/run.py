"""One run, from its specification to its result. Knows nothing of processes or of where results are kept."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import schedules
from harness import tracks
from harness.device import wait_for
from harness.evaluation.drawing import Subject, silent
from harness.evaluation.evaluator import Evaluator
from harness.evaluation.scores import NotFinite, Scores
from harness.metrics.keys import Measured
from harness.networks.network import Network
from harness.runs import peak_memory
from harness.runs.progress import Checkpoints, Progress
from harness.sampling.share import WHOLE, Share
from harness.specs import BASELINE, RunSpec
from harness.streams import Streams
from harness.tracks.track import Track
from harness.training.compilation import OFF, Compilation
from harness.training.loop import Diverged, Trainer
from harness.training.noise_levels import NoiseLevelSource
from harness.training.precision import float32_unless_declared

LOSS_BINS = 50
DENSITY_POINTS = 401


@dataclass
class RunResult:
    """What a run produced.

    outcome: "finished", "diverged", "failed", "paused" or "pruned"; reason and step say why when not finished
    losses:  (step, mean training loss since the last one)
    learned: λ and p(λ) at the end of training, (n,) each, of a schedule that learns
    learned_state: arrays that a schedule or weighting which learns would go on from
    notes:   what a user should be told
    compiled: what was compiled: "off", or a backend of torch.compile, a CUDA graph, or both
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
    notes: list[str] = field(default_factory=list)
    compiled: str = str(OFF)


class Bench:
    """A track ready to run on a device: data and references loaded once, used by every run of a process.

    What is captured as a CUDA graph is used by every run of a target: they have one trainer, one after another.
    """

    def __init__(self, track: Track, device: torch.device, compilation: Compilation = OFF) -> None:
        self.track, self.device, self.compilation = track, device, compilation
        if device.type == "cuda":
            float32_unless_declared()
        self.data = track.data().to(device)
        self._graphed: tuple[str, Trainer] | None = None
        self.evaluator = Evaluator(track, self.data, device, captured=compilation.graph)

    def network(self, seed: int) -> Network:
        """The track's network with the seed's initial weights, drawn on the CPU so that every device starts alike."""
        generator = Streams(seed).torch("initial weights")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator.initial_seed())
            network: Network = self.track.network(self.data.shape, self.data.classes)
        return network.to(self.device)

    def trainer(self, spec: RunSpec, make: Callable[..., Trainer] = Trainer) -> Trainer:
        """A trainer for a run, at its beginning; `make` is called as Trainer is."""
        schedule, weighting = spec.entry.make()
        rules = self.track.training.scaled(spec.entry.learning_rate, spec.entry.ema)
        baseline = schedules.create(BASELINE) if spec.entry.apply == "weight" else None
        levels = NoiseLevelSource(schedule, weighting, spec.target, rules.logsnr_range, baseline)
        network = self.network(spec.seed)
        if self._graphed is not None and self._graphed[0] == spec.target:
            trainer = self._graphed[1]
            trainer.restart(network.state_dict(), rules, levels, spec.seed)
            return trainer
        self._graphed = None
        trainer = make(
            network, rules, self.data.train, self.data.classes, spec.target, levels, spec.seed, self.compilation
        )
        if trainer.graph is not None:
            self._graphed = spec.target, trainer
        return trainer

    def checkpoints(self, folder: Path | None) -> Checkpoints:
        """A run's checkpoints in its folder."""
        return Checkpoints(folder)

    def score(
        self,
        trainer: Trainer,
        spec: RunSpec,
        mark: float,
        network: Network | None = None,
        pulse: Callable[[], None] = silent,
        share: Share = WHOLE,
    ) -> Scores:
        """The scores of the averaged weights; a run that tunes sees the validation split only.

        network: what has those weights, where that is not the trainer's own average
        pulse:   called before every chunk of samples
        share:   this process's part of the samples
        Raises Diverged for samples or a score that are not finite.
        """
        averaged = trainer.ema.average if network is None else network
        subject = Subject(averaged, spec.target, spec.seed, pulse, share)
        try:
            if spec.tunes:
                scores = self.evaluator.validate(subject, mark, self.track.primary_metric)
            else:
                scores = self.evaluator(subject, mark, trainer.levels.schedule)
        except NotFinite as problem:
            raise Diverged(trainer.done, str(problem)) from problem
        for measured, value in scores.values.items():
            if not math.isfinite(value):
                raise Diverged(trainer.done, f"{measured.mark_key} is {value}")
        return scores


@functools.lru_cache(maxsize=2)
def bench(track: str, device: torch.device, compilation: Compilation = OFF) -> Bench:
    """The process's bench for a track."""
    return Bench(tracks.get(track), device, compilation)


class Interrupted(Exception):  # noqa: N818 - asked for, not an error
    """The run was asked to stop. What it has done is in its checkpoint."""


def execute(
    spec: RunSpec,
    device: torch.device,
    on_progress: Callable[[float], None] = lambda share: None,
    *,
    checkpoints: Path | None = None,
    until: float = 1.0,
    stop_asked: Callable[[], bool] = lambda: False,
    compilation: Compilation = OFF,
    place: Bench | None = None,
) -> RunResult:
    """Train and evaluate; go on from a checkpoint where there is one, bit for bit on a CPU.

    on_progress: gets the share of the training steps done, after every block of steps and every chunk of samples
    checkpoints: folder of this run's checkpoints; None writes none
    until:       share of the budget, one of the track's marks, after whose evaluation to pause; the outcome is then
                 "paused" and the checkpoint is written
    stop_asked:  looked at as often as on_progress is called
    place:       another bench than the process's own for the track

    A loss, samples or a score that is not finite makes a result with outcome "diverged". Raises Interrupted when it was
    asked to stop, with the checkpoint written; other errors are raised as they come.
    """
    if place is None:
        place = bench(spec.track, device) if compilation == OFF else bench(spec.track, device, compilation)
    peak_memory.reset_peak(device)
    trainer, checkpointer = place.trainer(spec), place.checkpoints(checkpoints)
    progress = Progress()
    if (checkpoint := checkpointer.load()) is not None:
        trainer.load(checkpoint.tensors)
        progress = Progress.of(checkpoint.record)
        progress.resumed += 1
    result = RunResult(spec, notes=checkpointer.notes, compiled=str(trainer.compilation))
    result.notes += trainer.notes
    started = time.perf_counter()

    def clock(part: str) -> None:
        nonlocal started
        wait_for(device)
        moment = time.perf_counter()
        progress.seconds[part] += moment - started
        started = moment

    def pulse() -> None:
        on_progress(trainer.done / place.track.training.steps)
        if stop_asked():
            raise Interrupted

    def on_block(done: int) -> None:
        nonlocal started
        if checkpointer.due():
            clock("training")
            checkpointer.save(done, trainer.state(), progress)
            started = time.perf_counter()  # writing is counted by itself
        pulse()

    marks = list(zip(place.track.marks, place.track.mark_steps(), strict=True))
    try:
        for mark, step in marks[progress.marks :]:
            if mark > until:
                break
            trainer.run(step, on_block)
            clock("training")
            result.scores = place.score(trainer, spec, mark, pulse=pulse)
            clock("evaluation")
            progress.samples_drawn += result.scores.samples_drawn
            progress.values.update(result.scores.values)
            progress.marks += 1
        result.outcome = "finished" if progress.marks == len(marks) else "paused"
    except Diverged as diverged:
        result.outcome, result.reason, result.step = "diverged", diverged.reason, diverged.step
    except Interrupted:
        clock("evaluation" if trainer.done in place.track.mark_steps() else "training")
        checkpointer.save(trainer.done, trainer.state(), progress)
        raise
    if result.outcome == "paused":
        checkpointer.save(trainer.done, trainer.state(), progress)
    result.notes += place.evaluator.draw.notes
    read_off(result, trainer, progress, place.track)
    result.costs["memory/peak_mib"] = peak_memory.peak_mib(device)
    on_progress(1.0)
    return result


def abandon(spec: RunSpec, checkpoints: Path, reason: str) -> RunResult:
    """The result of a paused run that is given up: what it has measured until now, with outcome "pruned"."""
    result = RunResult(spec, outcome="pruned", reason=reason)
    checkpoint = Checkpoints(checkpoints).load()
    if checkpoint is not None:
        progress, track = Progress.of(checkpoint.record), tracks.get(spec.track)
        result.values = progress.values
        result.losses = _binned(checkpoint.tensors["losses"], track.training.steps)
        result.costs = _costs(progress, len(checkpoint.tensors["losses"]), track)
    return result


def read_off(result: RunResult, trainer: Trainer, progress: Progress, track: Track) -> None:
    """Fill in what is read off at the end of training."""
    result.values = progress.values
    if result.outcome == "finished":
        result.weights = {key: value.to("cpu", copy=True) for key, value in trainer.ema.average.state_dict().items()}
    schedule = trainer.levels.schedule
    if schedule.learns:
        logsnr = np.linspace(*track.training.logsnr_range, DENSITY_POINTS)
        result.learned = (logsnr, schedule.pdf(logsnr))
    result.learned_state = trainer.levels.state()
    result.losses = _binned(trainer.losses[: trainer.done], track.training.steps)
    result.costs = _costs(progress, trainer.done, track)


def _costs(progress: Progress, steps: int, track: Track) -> dict[str, float]:
    return {
        **{f"seconds/{part}": seconds for part, seconds in progress.seconds.items()},
        "images_per_second/training": steps * track.training.batch / max(progress.seconds["training"], 1e-9),
        "images_per_second/sampling": progress.samples_drawn / max(progress.seconds["evaluation"], 1e-9),
    }


def _binned(losses: Tensor, steps: int) -> list[tuple[int, float]]:
    """Mean training loss over consecutive stretches of steps, each at its last step, without those that hold a NaN."""
    width = max(1, steps // LOSS_BINS)
    bins = [(start + len(part), float(part.mean())) for start, part in _stretches(losses.cpu().double(), width)]
    return [(step, loss) for step, loss in bins if loss == loss and abs(loss) != float("inf")]


def _stretches(losses: Tensor, width: int) -> list[tuple[int, Tensor]]:
    return [(start, losses[start : start + width]) for start in range(0, len(losses), width)]
