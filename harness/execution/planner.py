"""From a request to the runs that it still needs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import schedules
from harness import tracks
from harness.execution.job import Job
from harness.execution.retry import failed_jobs
from harness.results.read import finished_keys
from harness.results.store import Store
from harness.seeds import FIRST_TUNING
from harness.specs import Apply, Entry, RunSpec, Tags, TunedEntry, checked_target
from schedules.errors import UserError
from schedules.weightings import validate as validate_weighting

Tuned = Callable[[str, TunedEntry], tuple[Entry, Tags]]


@dataclass(frozen=True)
class Plan:
    """What to do. jobs: to be run, in order; done: already in the store."""

    jobs: tuple[Job, ...]
    done: tuple[RunSpec, ...] = ()

    @property
    def total(self) -> int:
        return len(self.jobs) + len(self.done)


def entries(specs: Iterable[str], weightings: Iterable[str], apply: Apply) -> list[Entry | TunedEntry]:
    """Every schedule with every weighting, each validated before anything is trained. UserError names what is wrong."""
    parsed = [TunedEntry.of(schedule, weighting, apply) for schedule, weighting in itertools.product(specs, weightings)]
    named = [entry.published if isinstance(entry, TunedEntry) else entry for entry in parsed]
    for schedule in dict.fromkeys(entry.schedule for entry in named):
        schedules.validate(schedules.parse(schedule))
    for weighting in dict.fromkeys(entry.weighting for entry in named):
        validate_weighting(weighting)
    return list(dict.fromkeys(parsed))


def requested(
    track: str,
    wanted: Iterable[Entry | TunedEntry],
    targets: Iterable[str],
    seeds: int,
    tuned: Tuned,
    first_seed: int = 0,
) -> list[Job]:
    """Seed by seed, so that an interrupted request has whole comparisons.

    tuned:     the entry that tuning found on a target, and what its runs are tagged with besides
    UserError: unknown track or target; a tuned entry that is not tuned yet
    """
    definition = tracks.get(track)
    if not 1 <= seeds <= FIRST_TUNING:
        raise UserError(f"seeds is {seeds}; expected at least 1{f' and at most {FIRST_TUNING}' if seeds > 0 else ''}")
    if not 0 <= first_seed <= FIRST_TUNING - seeds:
        raise UserError(f"the first seed is {first_seed}; expected at least 0, and all seeds below {FIRST_TUNING}")
    cells = [
        (target, *(tuned(target, entry) if isinstance(entry, TunedEntry) else (entry, ())))
        for target in [checked_target(definition, target) for target in targets]
        for entry in wanted
    ]
    return list(
        dict.fromkeys(
            Job(RunSpec(track=track, target=target, entry=entry, seed=seed), tags=tags)
            for seed in range(first_seed, first_seed + seeds)
            for target, entry, tags in cells
        )
    )


def plan(store: Store, jobs: list[Job], force: bool = False) -> Plan:
    """Leave out what the store already holds, unless `force`. Jobs of one key are one run."""
    track_names = {job.spec.track for job in jobs}
    finished = set() if force else {key for track in track_names for key in finished_keys(store, track)}
    once = {job.spec.key: job for job in jobs}
    remaining = tuple(job for key, job in once.items() if key not in finished)
    return Plan(remaining, tuple(job.spec for key, job in once.items() if key in finished))


def failed(store: Store, track: str) -> Plan:
    """What failed on the track and has not succeeded since. UserError as `failed_jobs`."""
    return Plan(tuple(failed_jobs(store, tracks.get(track).name)))
