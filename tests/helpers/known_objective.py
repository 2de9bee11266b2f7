"""Stands in for training: runs whose scores are a known function of the entry, ended in any order, stopped at will."""

import contextlib
import math
from collections.abc import Callable

import numpy as np

from harness import tracks
from harness.execution.job import Result
from harness.metrics.keys import Measured
from harness.results.store import Store
from harness.specs import Entry, RunSpec
from harness.tuning.budget import Budget
from harness.tuning.run_dispatch import Desk
from harness.tuning.search import search
from harness.tuning.studies import storage
from harness.tuning.studies.study import Study
from harness.tuning.studies.subject import Subject

HOPELESS = (9, 13)


class Killed(BaseException):
    """The command dies here."""


def bowl(spec: RunSpec) -> float:
    """Log score of a laplace entry: least, 0, at loc 1, scale 1, learning rate × 2, EMA × 1."""
    import schedules

    entry, params = spec.entry, schedules.parse(spec.entry.schedule).params
    off = (params["loc"] - 1, math.log(params["scale"]), math.log(entry.learning_rate / 2), math.log(entry.ema))
    return sum(x * x for x in off)


def holed(spec: RunSpec) -> float:
    """The same, where two trials are hopeless."""
    return bowl(spec) + (20.0 if spec.trial in HOPELESS else 0.0)


class KnownRuns:
    """What a session does, for a function `log_score(spec)`.

    order:  seed of the order in which runs end; None: as they were submitted
    dies:   after how many runs the command is killed; None: never
    noise:  standard deviation over seeds
    spread: how much better a run gets from its beginning to its end
    disk:   run key → its last result: what a later command finds of this one
    """

    def __init__(
        self,
        log_score: Callable[[RunSpec], float] = holed,
        slots: int = 2,
        order: int | None = None,
        dies: int | None = None,
        noise: float = 0.05,
        spread: float = 1.0,
        disk: dict[str, Result] | None = None,
    ) -> None:
        self.log_score, self.slots, self.dies, self.noise, self.spread = log_score, slots, dies, noise, spread
        self.disk = {} if disk is None else disk
        self.rng = None if order is None else np.random.default_rng(order)
        self.queue = []
        self.jobs = []
        self.ended = 0
        self.busiest = 0

    def submit(self, job):
        assert all(job.spec.key != other.spec.key for other in self.queue), "one run at a time has a checkpoint"
        self.queue.append(job)
        self.jobs.append(job)
        self.busiest = max(self.busiest, len(self.queue))

    def wait(self):
        running = min(self.slots, len(self.queue))
        if not running:
            return []
        job = self.queue.pop(0 if self.rng is None else int(self.rng.integers(running)))
        last = self.disk.get(job.spec.key)
        if last is None or last.job.until < job.until or job.abandon:
            if self.dies is not None and self.ended >= self.dies:
                raise Killed
            self.ended += 1
        done = self.disk[job.spec.key] = self._end(job)
        return [done]

    def recorded(self, spec):
        """What the store holds of a run."""
        done = self.disk.get(spec.key)
        return done if done and done.outcome in ("finished", "diverged") else None

    def _end(self, job):
        track = tracks.get(job.spec.track)
        score = self.log_score(job.spec)
        if isinstance(score, str):
            return Result(job, score, f"it is {score}")
        noise = self.noise * np.random.default_rng(int(job.spec.key[:12], 16)).normal(size=(3, len(track.guidance)))
        values = {}
        for at, mark in zip(noise, track.marks, strict=True):
            if mark <= job.until or not job.abandon:
                scales = (None,) if track.primary_metric != "fd" else track.guidance if mark == 1.0 else (1.0,)
                for drawn, scale in zip(at, scales, strict=False):
                    log = score + self.spread * (1 - mark) + drawn + 0.1 * abs((scale or 1.5) - 1.5)
                    values[Measured(track.primary_metric, "val", scale, mark)] = math.exp(log)
        values = {quantity: value for quantity, value in values.items() if quantity.mark <= job.until}
        if job.abandon:
            return Result(job, "pruned", job.abandon)
        return Result(job, "paused" if job.until < 1 else "finished", values=values, seconds=1.0)


def tuned(
    root,
    runs,
    specs=("laplace",),
    weighting="native",
    trials=None,
    each=None,
    restart=False,
    target="v",
    track="gmm-v1",
):
    """Tune as the command does, until it is done or killed."""
    opened, locks = storage.open_storage(Store(root))
    budget = Budget.of(tracks.get(track), trials, each)
    studies = [Study(Subject(track, target, Entry.of(spec, weighting)), budget, opened, locks) for spec in specs]
    messages = []
    try:
        for study in studies:
            study.open(restart)
        with contextlib.suppress(Killed):
            search(studies, Desk(runs, runs.recorded), messages.append)
        return [(study.trials, study.tuned) for study in studies], messages
    finally:
        locks.close()
        opened.engine.dispose()
