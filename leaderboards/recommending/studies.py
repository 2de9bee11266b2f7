"""Searches of schedules alone: the learning rate and the average of weights are fixed, the same for every family.

They are Optuna studies as `snrbench tune` makes them, by the same rules and in the same storage. What differs is in
their names: the two multipliers, which are not searched, and where seeds begin, so that a search can be repeated on
others. A new study begins with points that are chosen for it (`families.Family.first`), which TPE goes on from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.trial import FrozenTrial

from harness.execution.job import PAUSED, Job, Result
from harness.seeds import FIRST_TUNING
from harness.specs import Entry, RunSpec
from harness.tuning.run_dispatch import Desk, Runs, Then
from harness.tuning.space import MULTIPLIERS, Space, Values
from harness.tuning.studies.study import Study
from harness.tuning.studies.subject import Subject


@dataclass(frozen=True)
class Seeded(Subject):
    """What a study is of, on seeds that begin elsewhere."""

    first_seed: int = 0

    @property
    def name(self) -> str:
        """As ever for the first seeds, so that `snrbench tune` and this share the study."""
        return super().name + (f"/seeds from {self.first_seed}" if self.first_seed else "")


@dataclass(frozen=True)
class Shared(Seeded):
    """The same with the multipliers of its entry fixed."""

    @property
    def name(self) -> str:
        return f"{super().name}/learning rate {self.entry.learning_rate:g}, ema {self.entry.ema:g}"


@dataclass(frozen=True)
class SharedSpace(Space):
    """The space of an entry without the multipliers, which are the entry's."""

    @classmethod
    def around(cls, entry: Entry) -> SharedSpace:
        """The space of an entry that keeps its multipliers."""
        whole = Space.of(entry)

        def without(of: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in of.items() if name not in MULTIPLIERS}

        return cls(entry, without(whole.published), without(whole.distributions))

    def entry_of(self, values: Values) -> Entry:
        """The entry with these values and its own multipliers."""
        if dict(values) == self.published:
            return self.entry
        return super().entry_of({**self.entry.optimiser, **values})


@dataclass
class SharedStudy(Study):
    """A study of a schedule alone. first: values of its first trials, after the published ones"""

    first: tuple[Values, ...] = field(default=())

    def whole_space(self) -> Space:
        return SharedSpace.around(self.subject.entry)

    def _fill(self, trials: list[FrozenTrial], numbers: range) -> None:
        if not trials:
            self._add(self.space.published, published=True)
            trials = self.trials
        for number in numbers:
            if len(trials) <= number <= len(self.first):
                self._add(self.space.rounded(dict(self.first[number - 1])))
        super()._fill(self.trials, numbers)


class TimeUp(Exception):  # noqa: N818 - expected
    """What was to be done by now."""


class TimedDesk(Desk):
    """A desk that shifts seeds, and lets nobody work beyond a time.

    first_seed: added to the seed of every run that tunes; 0, or more than a trial has seeds
    over:       whether the time is up
    ends:       time.monotonic() of the end of every run that was executed, a run in parts being one
    """

    def __init__(
        self,
        runs: Runs,
        recorded: Callable[[RunSpec], Result | None],
        note: Callable[[RunSpec, str], None],
        *,
        first_seed: int,
        over: Callable[[], bool],
    ) -> None:
        super().__init__(runs, recorded, note)
        self._first_seed, self._over = first_seed, over
        self._of_now = 0
        self.ends: list[float] = []

    @property
    def executed(self) -> int:
        """How many runs were."""
        return len(self.ends)

    def submit(self, job: Job, then: Then) -> None:
        """Run this, unless who asks was given up."""
        # A run that goes on is submitted again with the seed that it got.
        if job.spec.tunes and job.spec.seed % FIRST_TUNING < self._first_seed:
            job = replace(job, spec=job.spec.model_copy(update={"seed": job.spec.seed + self._first_seed}))
        generation = self._of_now

        def and_then(done: Result) -> None:
            if done.outcome != PAUSED and done.seconds > 0:
                self.ends.append(time.monotonic())
            if generation == self._of_now:
                then(done)

        super().submit(job, and_then)

    def forget(self) -> None:
        """Whoever waits for a run is not told of it any more, and asks for no others."""
        self._of_now += 1

    def step(self) -> bool:
        """As ever. TimeUp where the time is over."""
        if self._over():
            raise TimeUp
        return super().step()


def best_so_far(study: Study) -> Entry:
    """What a study found: the confirmed entry; without one, that of its best trial, or of the published parameters."""
    if "schedule" in study.tuned:
        tuned = study.tuned
        entry = Entry.of(tuned["schedule"], tuned["weighting"], tuned["apply"])
        return entry.model_copy(update={name: float(tuned[name]) for name in MULTIPLIERS})
    ended = [trial for trial in study.trials if trial.value is not None]
    best = min(ended, key=lambda trial: trial.value or 0.0, default=None)
    return study.subject.entry if best is None else study.space.entry_of(best.params)
