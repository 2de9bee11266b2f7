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
from schedules.errors import UserError


@dataclass(frozen=True)
class Plan:
    """What to do. jobs: to be run, in order; done: already in the store."""

    jobs: tuple[Job, ...]
    done: tuple[RunSpec, ...] = ()

    @property
    def total(self) -> int:
        return len(self.jobs) + len(self.done)


def entries(specs: Iterable[str], weightings: Iterable[str], apply: Apply) -> list[Entry]:
    """Every schedule with every weighting, each validated before anything is trained. UserError names what is wrong."""
    made = [Entry.of(schedule, weighting, apply) for schedule, weighting in itertools.product(specs, weightings)]
    for schedule in dict.fromkeys(entry.schedule for entry in made):
        schedules.validate(schedules.parse(schedule))
    return list(dict.fromkeys(made))


def requested(track: str, wanted: Iterable[Entry], targets: Iterable[str], seeds: int) -> list[RunSpec]:
    """Seed by seed, so that an interrupted request has whole comparisons. UserError for an unknown track or target."""
    found = tracks.get(track)
    if seeds < 1:
        raise UserError(f"seeds is {seeds}; expected at least 1")
    chosen = [checked_target(found, target) for target in targets]
    return list(
        dict.fromkeys(
            RunSpec(track=track, target=target, entry=entry, seed=seed)
            for seed in range(seeds)
            for target in chosen
            for entry in wanted
        )
    )


def plan(store: Store, runs: list[RunSpec], force: bool = False) -> Plan:
    """Leave out what the store already holds, unless `force`. Runs of one key are one run."""
    finished = set() if force else {key for track in {run.track for run in runs} for key in finished_keys(store, track)}
    once = {run.key: run for run in runs}
    jobs = tuple(Job(run) for key, run in once.items() if key not in finished)
    return Plan(jobs, tuple(run for key, run in once.items() if key in finished))


def failed(store: Store, track: str) -> Plan:
    """What failed on the track and has not succeeded since. UserError as `failed_jobs`."""
    return Plan(tuple(failed_jobs(store, tracks.get(track).name)))
