"""Runs of one cell executed at once: `harness.runs.run.execute` over a member axis.

Why beside graphs and workers: on an NVIDIA H200 a run of digits-v1 by itself is 0.24 s of kernels that fill a small
part of the card, and processes take turns on it, so that no number of them passes 15,000 runs an hour. Four processes
with stacks of 16 did 25,500, one process without stacks 10,600 (`tests/benchmarks/runs_per_hour.py`, November 2026).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from harness.device import wait_for
from harness.evaluation.scores import Scores
from harness.networks.network import Network
from harness.runs import peak_memory, progress
from harness.runs.progress import Checkpoints, Progress
from harness.runs.run import Bench, Interrupted, RunResult, bench, read_off
from harness.specs import RunSpec
from harness.stacked import batched_evaluation
from harness.stacked.training import StackedTrainer, Unstackable
from harness.training.compilation import OFF, Compilation
from harness.training.loop import Diverged, Trainer


@dataclass
class Member:
    """One run of a stack, with what `execute` has for a run of its own."""

    spec: RunSpec
    trainer: Trainer
    kept: Checkpoints
    progress: Progress
    result: RunResult

    @classmethod
    def of(cls, place: Bench, spec: RunSpec, checkpoints: Path | None) -> Member:
        """The run, at its checkpoint where it has one."""
        trainer, checkpointer, done = place.trainer(spec), Checkpoints(checkpoints), Progress()
        if (checkpoint := checkpointer.load()) is not None:
            trainer.load(checkpoint.tensors)
            done = Progress.of(checkpoint.record)
            done.resumed += 1
        return cls(spec, trainer, checkpointer, done, RunResult(spec, notes=checkpointer.notes))

    def save(self) -> None:
        """Write a checkpoint."""
        self.kept.save(self.trainer.done, self.trainer.state(), self.progress)

    def diverged(self, diverged: Diverged) -> None:
        """Note how it ended."""
        self.result.outcome, self.result.reason, self.result.step = "diverged", diverged.reason, diverged.step


def execute_stack(
    specs: Sequence[RunSpec],
    device: torch.device,
    on_progress: Callable[[float], None] = lambda share: None,
    *,
    checkpoints: Iterable[Path | None] = (),
    until: float = 1.0,
    stop_asked: Callable[[], bool] = lambda: False,
    compilation: Compilation = OFF,
) -> list[RunResult]:
    """What `execute` gives for each of the runs, to float rounding; they share track and target.

    checkpoints: a folder for each run, written and read as by `execute`; members at different steps are trained in
                 several stacks, one after another
    compilation: of it a stack has the CUDA graph; its networks are not compiled
    Seconds, images per second and peak memory of a run are its share of the stack's.

    Raises Unstackable for runs that cannot be stacked, and whatever `execute` raises; then checkpoints that were
    written stay, and each run can be executed by itself.
    """
    if len({(spec.track, spec.target, spec.tunes) for spec in specs}) != 1:
        raise Unstackable("runs of different cells")
    place = bench(specs[0].track, device)
    peak_memory.reset_peak(device)
    folders = list(checkpoints) or [None] * len(specs)
    members = [Member.of(place, spec, folder) for spec, folder in zip(specs, folders, strict=True)]
    places: dict[tuple[int, int], list[Member]] = {}
    for member in members:
        places.setdefault((member.trainer.done, member.progress.marks), []).append(member)

    def pulse() -> None:
        budget = place.track.training.steps * len(members)
        on_progress(sum(member.trainer.done for member in members) / budget)
        if stop_asked():
            raise Interrupted

    for _, alike in sorted(places.items()):
        _Stack(place, alike, until, pulse, compilation.graph).train_together()
    peak = peak_memory.peak_mib(device) / len(members)
    for member in members:
        read_off(member.result, member.trainer, member.progress, place.track)
        member.result.costs["memory/peak_mib"] = peak
    on_progress(1.0)
    return [member.result for member in members]


class _Stack:
    """Members at one step of the budget, on their way to `until`."""

    def __init__(
        self, place: Bench, members: list[Member], until: float, pulse: Callable[[], None], graphed: bool
    ) -> None:
        self.place, self.until, self.pulse = place, until, pulse
        self.members = members
        self.trainer = StackedTrainer([member.trainer for member in members], graphed)
        self._started = time.perf_counter()
        self._saved, self._cost = time.monotonic(), 0.0

    def train_together(self) -> None:
        marks = list(zip(self.place.track.marks, self.place.track.mark_steps(), strict=True))
        done, everybody = self.members[0].progress.marks, list(self.members)
        try:
            for mark, step in marks[done:]:
                if mark > self.until:
                    break
                lost = self.trainer.run(step, self._on_block)
                self._clock("training")
                self._leave({id(trainer): diverged for trainer, diverged in lost})
                if not self.members:
                    return
                self._evaluate(mark)
                if not self.members:
                    return
                done += 1
        except Interrupted:
            self._clock("evaluation" if self.trainer.done in self.place.track.mark_steps() else "training")
            self._save(self.trainer.members)
            raise
        finally:
            for member in everybody:
                member.result.compiled = str(Compilation(graph=self.trainer.graphed))
                member.result.notes += self.trainer.notes
        for member in self.members:
            member.result.outcome = "finished" if done == len(marks) else "paused"
        if done < len(marks):
            self._save(self.trainer.members)

    def _evaluate(self, mark: float) -> None:
        """Score every member; who has samples or a score that are not finite leaves."""
        tasks = [partial(_score, self.place, member, mark) for member in self.members]
        outcomes = batched_evaluation.together(self.trainer.network, self.trainer.averages, tasks, self.pulse)
        self._clock("evaluation")
        lost: dict[int, Diverged] = {}
        for member, scores in zip(self.members, outcomes, strict=True):
            if isinstance(scores, Diverged):
                lost[id(member.trainer)] = scores
                continue
            member.result.scores = scores
            member.progress.samples_drawn += scores.samples_drawn
            member.progress.values.update(scores.values)
            member.progress.marks += 1
        self.trainer.keep([row for row, member in enumerate(self.members) if id(member.trainer) not in lost])
        self._leave(lost)

    def _leave(self, lost: dict[int, Diverged]) -> None:
        for member in self.members:
            if (diverged := lost.get(id(member.trainer))) is not None:
                member.diverged(diverged)
        self.members = [member for member in self.members if id(member.trainer) not in lost]

    def _on_block(self, done: int) -> None:
        if all(member.kept.folder is not None for member in self.members):
            wait = max(progress.FIRST_AFTER_SECONDS, self._cost / progress.SHARE_OF_TIME)
            if time.monotonic() - self._saved >= wait:
                self._clock("training")
                self._save(self.trainer.members)
                self._started = time.perf_counter()  # writing is counted by itself
        self.pulse()

    def _save(self, trainers: Sequence[Trainer]) -> None:
        """Checkpoints of all that still train; together they may cost what one may."""
        started, training = time.monotonic(), {id(trainer) for trainer in trainers}
        for member in self.members:
            if id(member.trainer) in training:
                member.save()
        self._saved = time.monotonic()
        self._cost = self._saved - started

    def _clock(self, part: str) -> None:
        wait_for(self.place.device)
        moment = time.perf_counter()
        for member in self.members:
            member.progress.seconds[part] += (moment - self._started) / len(self.members)
        self._started = moment


def _score(place: Bench, member: Member, mark: float, network: Network) -> Scores | Diverged:
    """One member's scores, or how it diverged, which ends no other member's task."""
    try:
        return place.score(member.trainer, member.spec, mark, network)
    except Diverged as diverged:
        return diverged
