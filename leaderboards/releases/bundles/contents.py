"""What a bundle says: a manifest, and one row for each run, every field of both validated."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from harness import tracks
from harness.metrics.catalog import METRICS
from harness.metrics.keys import parse
from harness.specs import Apply, Entry, RunSpec
from leaderboards.data.cache import packed, sync
from leaderboards.data.validation import first
from leaderboards.releases.bundles import archive
from leaderboards.releases.bundles.archive import MalformedError
from leaderboards.releases.publishing import freezing
from leaderboards.releases.released import SLIM, filled
from schedules.errors import UserError

MOST_RUNS, MOST_VALUES = 50_000, 1000
SCHEMA = pa.schema([field if field.name != packed.VALUES else packed.SCHEMA.field(packed.VALUES) for field in SLIM])
Word = Annotated[str, Field(max_length=500)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{16,64}$")]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Manifest(Strict):
    """Of the whole bundle. environment: versions of packages, each set that occurs."""

    schema_version: Literal[1]
    track: Word
    protocol: Word
    track_fingerprint: Hash
    made: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    runs: Annotated[int, Field(ge=1, le=MOST_RUNS)]
    environment: Annotated[list[dict[Word, Word]], Field(max_length=100)]


class BundledRun(Strict):
    """One run. scores: MLflow key → value; empty for a run that diverged."""

    run_key: Hash
    protocol: Word
    track: Word
    target: Word
    entry: Word
    schedule: Word
    params: Annotated[str, Field(max_length=10_000)]
    weighting: Word
    apply: Apply
    seed: Annotated[int, Field(ge=0)]
    outcome: Literal["finished", "diverged"]
    fingerprint: Hash
    track_fingerprint: Hash
    tuned: bool
    tuned_from: Word
    hardware: Word
    scores: Annotated[dict[Word, float], Field(max_length=MOST_VALUES)]

    @field_validator("params")
    @classmethod
    def _object(cls, text: str) -> str:
        if not isinstance(json.loads(text), dict):
            raise ValueError("expected a JSON object")
        return text

    @model_validator(mode="after")
    def _measured(self) -> BundledRun:
        for key, value in self.scores.items():
            measured = parse(key)
            if key not in freezing.COSTS and (measured is None or measured.metric not in METRICS):
                raise ValueError(f"unknown measured value {key!r}")
            if not isfinite(value):
                raise ValueError(f"{key} is {value}")
        if self.outcome == "finished" and not self.scores:
            raise ValueError("finished without a score")
        return self

    @property
    def spec(self) -> RunSpec:
        """What to run to have it again. UserError for a schedule or weighting that is not registered here."""
        entry = Entry.of(self.schedule, self.weighting, self.apply)
        scaled = {name: value for name, value in json.loads(self.params).items() if name in ("learning_rate", "ema")}
        entry = Entry.model_validate({**entry.model_dump(), **scaled, "tuned_from": self.tuned_from})
        return RunSpec(track=self.track, target=self.target, entry=entry, seed=self.seed)


@dataclass(frozen=True)
class Bundle:
    """A sound bundle. packed: its runs, as `leaderboards.data.cache.packed` holds them; digest: SHA-256 of the file."""

    file: Path
    digest: str
    manifest: Manifest
    runs: tuple[BundledRun, ...]
    packed: pa.Table


def make(store: Path, track: str, out: Path) -> Manifest:
    """Write the store's runs of a track, as it is now, into a bundle. UserError where there are none."""
    runs = freezing.counting(sync.synchronised(store, track, False, lambda done, total: None), track)
    kept = freezing.slim(runs, SCHEMA)
    now = tracks.get(track)
    manifest = Manifest(
        schema_version=1,
        track=track,
        protocol=now.protocol,
        track_fingerprint=now.fingerprint,
        made=datetime.now(UTC).date().isoformat(),
        runs=kept.num_rows,
        environment=_distinct(freezing.environments(store, runs["run_id"].to_pylist()).values()),
    )
    buffer = pa.BufferOutputStream()
    # The zip compresses; a Parquet file that does not is as large in memory as it says.
    pq.write_table(kept, buffer, compression="none")
    members = {
        archive.MANIFEST: manifest.model_dump_json(indent=1).encode(),
        archive.RUNS: buffer.getvalue().to_pybytes(),
    }
    archive.write(out, members)
    return manifest


def _distinct(environments: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [dict(versions) for versions in sorted({tuple(sorted(each.items())) for each in environments})]


def open_bundle(file: Path) -> Bundle:
    """Read and check a bundle. MalformedError says what is wrong with it, in one line."""
    members = archive.read(file)
    try:
        manifest = Manifest.model_validate_json(members[archive.MANIFEST])
    except ValidationError as error:
        raise MalformedError(f"bundle {file}: {archive.MANIFEST}: {first(error)}") from error
    table = _table(file, members[archive.RUNS])
    rows = [_run(file, number, row) for number, row in enumerate(table.to_pylist())]
    _agree(file, manifest, rows)
    found = filled({name: table[name] for name in SCHEMA.names}, [row.run_key for row in rows])
    return Bundle(file, archive.digest(file), manifest, tuple(rows), found)


def _table(file: Path, content: bytes) -> pa.Table:
    try:
        words = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
        opened = pq.ParquetFile(pa.BufferReader(content), read_dictionary=words)
        if problem := _too_large(opened.metadata):
            raise MalformedError(f"bundle {file}: {archive.RUNS}: {problem}")
        if sorted(opened.schema_arrow.names) != sorted(SCHEMA.names):
            odd = sorted(set(opened.schema_arrow.names) ^ set(SCHEMA.names))
            raise MalformedError(f"bundle {file}: {archive.RUNS}: columns that differ: {', '.join(odd)[:200]}")
        found = opened.read()
        return pa.table({name: found[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names}, SCHEMA)
    except (pa.ArrowException, OSError) as error:
        raise MalformedError(f"bundle {file}: {archive.RUNS}: {error}") from error


def _too_large(of: pq.FileMetaData) -> str:
    if of.num_rows > MOST_RUNS:
        return f"{of.num_rows} runs; expected at most {MOST_RUNS}"
    columns = [of.row_group(group).column(at) for group in range(of.num_row_groups) for at in range(of.num_columns)]
    if any(column.compression != "UNCOMPRESSED" for column in columns):
        return "compressed pages; expected none"
    if any(column.num_values > MOST_RUNS * MOST_VALUES for column in columns):
        return "more values than its runs may have"
    return ""


def _run(file: Path, number: int, row: dict[str, Any]) -> BundledRun:
    keys, values = row[packed.KEYS], row[packed.VALUES]
    try:
        names = (keys or "").split(packed.JOINT)
        scores = dict(zip(names, values or [], strict=True)) if row["outcome"] == "finished" else {}
        fields = {name: row[name] for name in BundledRun.model_fields if name != "scores"}
        return BundledRun.model_validate({**fields, "scores": scores})
    except ValidationError as error:
        raise MalformedError(f"bundle {file}: run {number}: {first(error)}") from error
    except ValueError as error:
        raise MalformedError(f"bundle {file}: run {number}: {error}") from error


def _agree(file: Path, manifest: Manifest, runs: list[BundledRun]) -> None:
    """The manifest and the runs are of one track and protocol, and each run is there once."""
    if len(runs) != manifest.runs:
        raise MalformedError(f"bundle {file}: {len(runs)} runs; {archive.MANIFEST} says {manifest.runs}")
    if len({run.run_key for run in runs}) != len(runs):
        raise MalformedError(f"bundle {file}: a run key is there twice")
    wanted = (manifest.track, manifest.protocol, manifest.track_fingerprint)
    for number, run in enumerate(runs):
        if (run.track, run.protocol, run.track_fingerprint) != wanted:
            raise MalformedError(f"bundle {file}: run {number} is of another track or protocol than the bundle")


def comparable(bundle: Bundle) -> None:
    """UserError unless the bundle is of this protocol and of the track as it is here."""
    of, now = bundle.manifest, tracks.get(bundle.manifest.track)
    if (of.protocol, of.track_fingerprint) != (now.protocol, now.fingerprint):
        raise UserError(
            f"bundle {bundle.file} is of protocol {of.protocol}, {of.track} {of.track_fingerprint}; "
            f"here it is {now.protocol}, {now.fingerprint}: the numbers do not compare"
        )


def as_table(bundle: Bundle, verified: dict[str, str]) -> pd.DataFrame:
    """The long table of a bundle. verified: entry → "verified" or "self-reported" """
    table = packed.unpack(packed.newest(bundle.packed), source=bundle.file.name)
    marks = table["entry"].map(verified).astype("category")
    ids = table["run_id"].cat.rename_categories(lambda key: f"bundle:{bundle.digest[:8]}:{key}")
    return table.assign(verified=marks, run_id=ids)
