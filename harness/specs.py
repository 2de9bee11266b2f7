"""What is run: entries, runs, and the key that identifies a run's result."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

import schedules
from harness import tracks
from harness.tracks.track import Track
from schedules import Schedule, weightings
from schedules.errors import unknown
from schedules.presets import recorded_as
from schedules.schedule import SCHEDULES
from schedules.transforms import TRANSFORMS
from schedules.weightings import WEIGHTINGS, Weighting

BASELINE = "cosine"
Apply = Literal["sample", "weight"]
Tags = tuple[tuple[str, str], ...]


class Frozen(BaseModel):
    """Base of specifications: immutable, and a misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; pydantic's own would keep the fingerprint and the key of the old ones."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **(update or {})})


class Entry(Frozen):
    """What is ranked: a schedule with its parameters, a weighting, and how the schedule is applied.

    schedule, weighting: canonical specs; use `Entry.of`, which makes them so
    apply: "sample" draws λ from p; "weight" draws it from the baseline and weights by p/p_baseline
    learning_rate, ema: multipliers of the track's learning rate and of its EMA's time constant; tuning sets them
    tuned_from: the published spec that this one was tuned from; "" when it was not
    """

    schedule: str
    weighting: str = "native"
    apply: Apply = "sample"
    learning_rate: float = Field(1.0, gt=0)
    ema: float = Field(1.0, gt=0)
    tuned_from: str = ""

    @classmethod
    def of(cls, schedule: str, weighting: str = "native", apply: Apply = "sample") -> Entry:
        """Entry from specs as a user writes them. UserError for a name, parameter or density that cannot be."""
        return cls(schedule=_schedule(schedule, _changes()), weighting=_weighting(weighting, _changes()), apply=apply)

    @property
    def label(self) -> str:
        """How tables call it: `laplace`, `laplace+min_snr`, `laplace [weight]`, `laplace@tuned`."""
        weighting = "" if self.weighting == "native" else f"+{self.weighting}"
        applied = " [weight]" if self.apply == "weight" else ""
        if self.tuned_from:
            family = "" if self.weighting == "native" else f"+{self.weighting.partition(':')[0]}"
            return f"{schedules.as_tuned(self.tuned_from)}{family}{applied}"
        scaled = [f"{name}×{value:g}" for name, value in self.optimiser.items() if value != 1.0]
        return f"{self.schedule}{weighting}{applied}{' [' + ', '.join(scaled) + ']' if scaled else ''}"

    @property
    def optimiser(self) -> dict[str, float]:
        """The multipliers by name."""
        return {"learning_rate": self.learning_rate, "ema": self.ema}

    def make(self) -> tuple[Schedule, Weighting]:
        """The schedule and the weighting themselves; fresh ones, so that what learns starts anew."""
        return schedules.parse(self.schedule), weightings.parse(self.weighting)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of the numbers that the entry stands for: a plugin edited under the same spec gets another one."""
        changes = _changes()
        prints = [_schedule_fingerprint(self.schedule, changes), _weighting_fingerprint(self.weighting, changes)]
        scaled = [] if self.optimiser == {"learning_rate": 1.0, "ema": 1.0} else [self.optimiser]
        return _digest([*prints, self.apply, *scaled])[:16]


class RunSpec(Frozen):
    """One run: entry × track × target × seed.

    study, trial: the Optuna study and trial that it belongs to. Such a run is measured on the validation split only
    """

    track: str
    target: str
    entry: Entry
    seed: int
    study: str = ""
    trial: int | None = None

    @property
    def tunes(self) -> bool:
        """Whether it serves tuning, and so never sees the test split."""
        return bool(self.study)

    @functools.cached_property
    def key(self) -> str:
        """Hash of everything that determines the result: protocol, track's numbers, entry, density, target, seed."""
        track = tracks.get(self.track)
        schedule, tuned_from = recorded_as(self.entry.schedule), recorded_as(self.entry.tuned_from)
        entry = [schedule, self.entry.weighting, self.entry.apply, self.entry.fingerprint]
        purpose = ["tuning"] if self.tunes else [tuned_from] if tuned_from else []
        return _digest([track.protocol, track.name, _track_fingerprint(track), entry, self.target, self.seed, *purpose])

    def __str__(self) -> str:
        return f"{self.entry.label} × {self.target} × seed {self.seed}"


@dataclass(frozen=True)
class TunedEntry:
    """A tuned entry that is asked for. published: the entry that was tuned."""

    published: Entry

    @classmethod
    def of(cls, spec: str, weighting: str, apply: Apply) -> TunedEntry | Entry:
        """What a spec asks for: a tuned entry for one with `@tuned`, else the entry itself."""
        published, tuned = schedules.split_tuned(spec) if "@" in spec else (spec, False)
        entry = Entry.of(published, weighting, apply)
        return cls(entry) if tuned else entry


def checked_target(track: Track, target: str) -> str:
    """The target, if the track has it."""
    if target not in track.targets:
        raise unknown("target", target, track.targets)
    return target


def _changes() -> tuple[int, ...]:
    """Changes whenever a name comes to mean something else, as when a plugin was edited and loaded again."""
    return SCHEDULES.changes, TRANSFORMS.changes, WEIGHTINGS.changes


# A request of ten thousand runs names some dozens of schedules and weightings; each of them is looked at once.


@functools.lru_cache(maxsize=4096)
def _schedule(spec: str, changes: tuple[int, ...]) -> str:
    return schedules.parse(spec).spec


@functools.lru_cache(maxsize=4096)
def _weighting(spec: str, changes: tuple[int, ...]) -> str:
    return weightings.parse(spec).spec


@functools.lru_cache(maxsize=4096)
def _schedule_fingerprint(spec: str, changes: tuple[int, ...]) -> str:
    return schedules.parse(spec).fingerprint


@functools.lru_cache(maxsize=4096)
def _weighting_fingerprint(spec: str, changes: tuple[int, ...]) -> str:
    return weightings.parse(spec).fingerprint


_last_track: list[tuple[Track, str]] = []


def _track_fingerprint(track: Track) -> str:
    last = _last_track[0] if _last_track else None
    if last is None or last[0] is not track:
        last = track, track.fingerprint
        _last_track[:] = [last]
    return last[1]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:32]
