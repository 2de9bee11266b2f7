"""What is run: entries, runs, and the key that identifies a run's result."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

import schedules
from harness import tracks
from harness.tracks.track import Track
from schedules import Schedule, weightings
from schedules.errors import unknown
from schedules.weightings import Weighting

BASELINE = "cosine"
Apply = Literal["sample", "weight"]


class Entry(BaseModel):
    """What is ranked: a schedule with its parameters, a weighting, and how the schedule is applied.

    schedule, weighting: canonical specs; use `Entry.of`, which makes them so
    apply: "sample" draws λ from p; "weight" draws it from the baseline and weights by p/p_baseline
    learning_rate, ema: multipliers of the track's learning rate and of its EMA's time constant; tuning sets them
    tuned_from: the published spec that this one was tuned from; "" when it was not
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: str
    weighting: str = "native"
    apply: Apply = "sample"
    learning_rate: float = Field(1.0, gt=0)
    ema: float = Field(1.0, gt=0)
    tuned_from: str = ""

    @classmethod
    def of(cls, schedule: str, weighting: str = "native", apply: Apply = "sample") -> Entry:
        """Entry from specs as a user writes them. UserError for a name, parameter or density that cannot be."""
        return cls(schedule=schedules.parse(schedule).spec, weighting=weightings.parse(weighting).spec, apply=apply)

    @property
    def label(self) -> str:
        """How tables call it: `laplace`, `laplace+min_snr`, `laplace [weight]`, `laplace@tuned`."""
        weighting = "" if self.weighting == "native" else f"+{self.weighting}"
        applied = " [weight]" if self.apply == "weight" else ""
        if self.tuned_from:
            return f"{self.tuned_from}@tuned{'+' + self.weighting.partition(':')[0] if weighting else ''}{applied}"
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
        schedule, weighting = self.make()
        scaled = [] if self.optimiser == {"learning_rate": 1.0, "ema": 1.0} else [self.optimiser]
        return _digest([schedule.fingerprint, weighting.fingerprint, self.apply, *scaled])[:16]


class RunSpec(BaseModel):
    """One run: entry × track × target × seed.

    study, trial: the Optuna study and trial that it belongs to. Such a run is measured on the validation split only
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
        entry = [self.entry.schedule, self.entry.weighting, self.entry.apply, self.entry.fingerprint]
        purpose = ["tuning"] if self.tunes else [self.entry.tuned_from] if self.entry.tuned_from else []
        return _digest([track.protocol, track.name, track.fingerprint, entry, self.target, self.seed, *purpose])

    def __str__(self) -> str:
        return f"{self.entry.label} × {self.target} × seed {self.seed}"


def checked_target(track: Track, target: str) -> str:
    """The target, if the track has it."""
    if target not in track.targets:
        raise unknown("target", target, track.targets)
    return target


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:32]
