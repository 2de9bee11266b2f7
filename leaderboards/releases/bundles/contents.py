"""What a bundle says: a manifest, and one row for each run, every field of both validated."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from harness import tracks
from harness.metrics.keys import parse
from harness.metrics.registry import METRICS
from harness.specs import Apply, Entry, RunSpec
from leaderboards.data.cache import packed, sync
from leaderboards.data.released import SLIM, filled
from leaderboards.data.tables import Tables
from leaderboards.data.validation import first
from leaderboards.releases.bundles import archive
from leaderboards.releases.bundles.archive import MalformedError
from leaderboards.releases.publishing import freezing
from leaderboards.wording import visible
from schedules.errors import UserError

MOST_RUNS, MOST_VALUES = 50_000, 1000
LARGEST = float(np.finfo(np.float32).max)
"""A release holds scores in single precision, and the square of a larger one has no place in a double."""
SCHEMA = pa.schema([field if field.name != packed.VALUES else packed.SCHEMA.field(packed.VALUES) for field in SLIM])
LONGEST_NAME = 120
Word = Annotated[str, Field(max_length=500)]
Spec = Annotated[str, Field(max_length=10_000)]
"""More than MLflow keeps of a run's parameter, so that every run that was recorded fits."""
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
    entry: Spec
    schedule: Spec
    params: Spec
    weighting: Spec
    apply: Apply
    seed: Annotated[int, Field(ge=0)]
    outcome: Literal["finished", "diverged"]
    fingerprint: Hash
    track_fingerprint: Hash
    tuned: bool
    tuned_from: Spec
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
            if key in freezing.COSTS:
                taken = value >= 0
            elif measured is None or measured.metric not in METRICS:
                raise ValueError(f"unknown measured value {key!r}")
            else:
                taken = METRICS[measured.metric].takes(value)
            if not (taken and abs(value) <= LARGEST):
                raise ValueError(f"{key} is {value}, which no run can have scored")
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
    """Write the store's runs of a track, as it is now, into a bundle that `open_bundle` takes.

    UserError where there are none, or where one of them is such that a bundle with it would be refused.
    """
    runs = freezing.counting(sync.synchronised(store, track, False, lambda done, total: None), track)
    table = freezing.slim(runs, SCHEMA)
    now = tracks.get(track)
    try:
        manifest = Manifest(
            schema_version=1,
            track=track,
            protocol=now.protocol,
            track_fingerprint=now.fingerprint,
            made=datetime.now(UTC).date().isoformat(),
            runs=table.num_rows,
            environment=_distinct(freezing.environments(store, runs["run_id"].to_pylist()).values()),
        )
    except ValidationError as error:
        raise UserError(f"bundle {out} cannot be made: {archive.MANIFEST}: {first(error)}") from error
    buffer = pa.BufferOutputStream()
    # The zip compresses; a Parquet file that does not is as large in memory as it says.
    pq.write_table(table, buffer, compression="none")
    members = {
        archive.MANIFEST: manifest.model_dump_json(indent=1).encode(),
        archive.RUNS: buffer.getvalue().to_pybytes(),
    }
    try:
        archive.write(out, members, open_bundle)
    except MalformedError as error:
        raise UserError(f"bundle {out} cannot be made: {error.problem}") from error
    return manifest


def _distinct(environments: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [dict(versions) for versions in sorted({tuple(sorted(packages.items())) for packages in environments})]


def open_bundle(file: Path) -> Bundle:
    """Read and check a bundle. MalformedError says what is wrong with it, in one line."""
    members = archive.read(file)
    try:
        manifest = Manifest.model_validate_json(members[archive.MANIFEST])
    except ValidationError as error:
        raise MalformedError(file, f"{archive.MANIFEST}: {first(error)}") from error
    table = _table(file, members[archive.RUNS])
    rows = [_run(file, number, row) for number, row in enumerate(table.to_pylist())]
    _agree(file, manifest, rows)
    columns = filled({name: table[name] for name in SCHEMA.names}, [row.run_key for row in rows])
    return Bundle(file, archive.digest(file), manifest, tuple(rows), columns)


def _table(file: Path, content: bytes) -> pa.Table:
    try:
        words = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
        opened = pq.ParquetFile(pa.BufferReader(content), read_dictionary=words)
        if problem := _too_large(opened.metadata):
            raise MalformedError(file, f"{archive.RUNS}: {problem}")
        if sorted(opened.schema_arrow.names) != sorted(SCHEMA.names):
            odd = sorted(set(opened.schema_arrow.names) ^ set(SCHEMA.names))
            raise MalformedError(file, f"{archive.RUNS}: columns that differ: {', '.join(odd)[:200]}")
        table = opened.read()
        return pa.table({name: table[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names}, SCHEMA)
    except (pa.ArrowException, OSError) as error:
        raise MalformedError(file, f"{archive.RUNS}: {error}") from error


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
        raise MalformedError(file, f"run {number}: {first(error)}{_named(row)}") from error
    except ValueError as error:
        raise MalformedError(file, f"run {number}: {error}{_named(row)}") from error


def _named(row: dict[str, Any]) -> str:
    """Which run it is, as its author calls it."""
    words = visible(f"{row['entry']} × {row['target']} × seed {row['seed']}")
    return f" ({words if len(words) <= LONGEST_NAME else words[:LONGEST_NAME] + '…'})"


def _agree(file: Path, manifest: Manifest, runs: list[BundledRun]) -> None:
    """The manifest and the runs are of one track and protocol, and each run is there once."""
    if len(runs) != manifest.runs:
        raise MalformedError(file, f"{len(runs)} runs; {archive.MANIFEST} says {manifest.runs}")
    if len({run.run_key for run in runs}) != len(runs):
        raise MalformedError(file, "a run key is there twice")
    wanted = (manifest.track, manifest.protocol, manifest.track_fingerprint)
    for number, run in enumerate(runs):
        if (run.track, run.protocol, run.track_fingerprint) != wanted:
            raise MalformedError(file, f"run {number} is of another track or protocol than the bundle")


def comparable(bundle: Bundle) -> None:
    """UserError unless the bundle is of this protocol and of the track as it is here."""
    of, now = bundle.manifest, tracks.get(bundle.manifest.track)
    if (of.protocol, of.track_fingerprint) != (now.protocol, now.fingerprint):
        raise UserError(
            f"bundle {bundle.file} is of protocol {of.protocol}, {of.track} {of.track_fingerprint}; "
            f"here it is {now.protocol}, {now.fingerprint}: the numbers do not compare"
        )


def as_table(bundle: Bundle, verified: dict[str, str]) -> Tables:
    """The runs and scores of a bundle. verified: entry → "verified" or "self-reported" """
    handed_in = packed.tables(packed.newest(bundle.packed), source=bundle.file.name)
    runs = handed_in.runs
    ids = f"bundle:{bundle.digest[:8]}:" + runs["run_id"]
    return replace(handed_in, runs=runs.assign(verified=runs["entry"].map(verified).astype("str"), run_id=ids))
