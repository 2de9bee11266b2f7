"""From a request to the runs that it still needs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import schedules
from harness import tracks
from harness.execution.failed import failed_jobs
from harness.execution.job import Job
from harness.specs import Apply, Entry, RunSpec, checked_target
from harness.tracking.read import finished_keys
from harness.tracking.store import Store
from harness.tuning import tuned
from harness.tuning.seeds import FIRST_TUNING
from harness.tuning.tuned import Wanted
from schedules.errors import UserError
from schedules.weightings import validate as validate_weighting


@dataclass(frozen=True)
class Plan:
    """What to do. jobs: to be run, in order; done: already in the store."""

    jobs: tuple[Job, ...]
    done: tuple[RunSpec, ...] = ()

    @property
    def total(self) -> int:
        return len(self.jobs) + len(self.done)


def entries(specs: Iterable[str], weightings: Iterable[str], apply: Apply) -> list[Entry | Wanted]:
    """Every schedule with every weighting, each validated before anything is trained. UserError names what is wrong."""
    made = [Wanted.of(schedule, weighting, apply) for schedule, weighting in itertools.product(specs, weightings)]
    named = [one.published if isinstance(one, Wanted) else one for one in made]
    for schedule in dict.fromkeys(entry.schedule for entry in named):
        schedules.validate(schedules.parse(schedule))
    for weighting in dict.fromkeys(entry.weighting for entry in named):
        validate_weighting(weighting)
    return list(dict.fromkeys(made))


def requested(
    store: Store, track: str, wanted: Iterable[Entry | Wanted], targets: Iterable[str], seeds: int, tune: str
) -> list[Job]:
    """Seed by seed, so that an interrupted request has whole comparisons.

    tune: how the user types `snrbench tune`, for what is wanted tuned and is not
    UserError: unknown track or target; a tuned entry that is not tuned yet
    """
    found = tracks.get(track)
    if not 1 <= seeds <= FIRST_TUNING:
        raise UserError(f"seeds is {seeds}; expected at least 1{f' and at most {FIRST_TUNING}' if seeds > 0 else ''}")
    cells = [
        (target, *(tuned.found(store, track, target, one, tune) if isinstance(one, Wanted) else (one, ())))
        for target in [checked_target(found, target) for target in targets]
        for one in wanted
    ]
    return list(
        dict.fromkeys(
            Job(RunSpec(track=track, target=target, entry=entry, seed=seed), tags=tags)
            for seed in range(seeds)
            for target, entry, tags in cells
        )
    )


def plan(store: Store, jobs: list[Job], force: bool = False) -> Plan:
    """Leave out what the store already holds, unless `force`. Jobs of one key are one run."""
    asked = {job.spec.track for job in jobs}
    finished = set() if force else {key for track in asked for key in finished_keys(store, track)}
    once = {job.spec.key: job for job in jobs}
    left = tuple(job for key, job in once.items() if key not in finished)
    return Plan(left, tuple(job.spec for key, job in once.items() if key in finished))


def failed(store: Store, track: str) -> Plan:
    """What failed on the track and has not succeeded since. UserError as `failed_jobs`."""
    return Plan(tuple(failed_jobs(store, tracks.get(track).name)))
