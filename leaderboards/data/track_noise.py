"""What a track's published runs know of its noise: `noise.json` beside the release, and how a board asks it.

A prior holds for its track, protocol, budget, metric and guidance. It is there for each prediction target and for each
set of them that a board may average over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from leaderboards.data.validation import first
from leaderboards.statistics.moderation import Prior
from leaderboards.statistics.noise import UNKNOWN, BoardNoise, Noise
from schedules.errors import UserError

NOISE = "noise.json"
SCHEMA_VERSION = 1


class Known(BaseModel):
    """Degrees of freedom ν₀ and scale s₀² of a prior."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    freedom: float
    variance: float

    @property
    def prior(self) -> Prior:
        """As the statistics take it."""
        return Prior(np.asarray(self.freedom), np.asarray(self.variance))

    @classmethod
    def of(cls, prior: Prior) -> Known:
        """To six digits: what is written is what is used."""
        return cls(freedom=float(f"{float(prior.freedom):.6g}"), variance=float(f"{float(prior.variance):.6g}"))


class Record(BaseModel):
    """The noise of one metric at one guidance scale, over some targets.

    guidance:   "best", a scale, or null for a metric without guidance
    targets:    one, or those that are averaged within each seed
    entries, seeds: that it is from; seeds: the most that two of them share
    pairs:      of the variance of a paired difference, on the comparison scale
    own:        of an entry's own variance, as a share of half of that
    everywhere: the same, averaged over the targets
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    guidance: str | float | None
    targets: tuple[str, ...]
    entries: int
    seeds: int
    pairs: Known
    own: Known
    everywhere: Known


class TrackNoise(BaseModel):
    """The noise of a track. runs: that it is from"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    track: str
    protocol: str
    track_fingerprint: str
    runs: int
    records: tuple[Record, ...]

    def of(self, metric: str, guidance: str | float | None) -> Priors | None:
        """What is known at one guidance scale; None where nothing is."""
        records = {
            record.targets: record for record in self.records if record.metric == metric and record.guidance == guidance
        }
        return Priors(records, self.runs) if records else None


@dataclass(frozen=True)
class Priors:
    """The priors of one metric at one guidance scale. records: targets, in order → record; runs: they are from"""

    records: dict[tuple[str, ...], Record]
    runs: int

    def knows(self, cells: Sequence[str]) -> bool:
        """Whether there is a prior for a board of these targets, and any part of it."""
        names = sorted(cells)
        parts = (part for size in range(1, len(names) + 1) for part in combinations(names, size))
        return bool(names) and all(part in self.records for part in parts)

    def section(self, cells: Sequence[str]) -> Noise:
        """Of some targets, averaged within each seed."""
        record = self.records.get(tuple(sorted(cells)))
        return Noise(record.pairs.prior, record.own.prior) if record else UNKNOWN

    def noise(self, cells: Sequence[str]) -> BoardNoise:
        """Of a board of these targets."""
        whole = self.records[tuple(sorted(cells))]
        return BoardNoise(tuple(self.section([cell]) for cell in cells), whole.everywhere.prior)


def written(noise: TrackNoise) -> str:
    """The text of the file: a record in a line."""
    head = noise.model_dump_json(exclude={"records"})[:-1]
    records = ",\n".join(record.model_dump_json() for record in noise.records)
    return f'{head},"records":[\n{records}\n]}}\n'


def read(folder: Path) -> TrackNoise | None:
    """The noise in the folder of a release; None where it has none. UserError for a file of another kind or version."""
    file = folder / NOISE
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else None


@lru_cache(maxsize=16)
def _read(file: Path, changed: int) -> TrackNoise:
    try:
        noise = TrackNoise.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        why = first(error) if isinstance(error, ValidationError) else error.strerror
        raise UserError(f"{file} holds no noise of schema version {SCHEMA_VERSION}: {why}") from error
    if noise.schema_version != SCHEMA_VERSION:
        raise UserError(f"{file}: schema version {noise.schema_version}; expected {SCHEMA_VERSION}")
    return noise
