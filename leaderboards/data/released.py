"""Released results: what `snrbench publish` froze into `leaderboards/published/<track>/`, read without any store.

results.parquet   one row for each run, with its scores (`leaderboards.data.cache.packed`)
lines.parquet     training loss in 20 points and ε-error against λ, of each run
release.json      `Release`: what was run, under which protocol, on what, by which commands
noise.json        what the runs know of the track's noise (`leaderboards.data.track_noise`)
table.md, *.svg   the board, and its intervals for each target
samples/*.webp    samples of one run of each entry and target, a column for each label, called by its run key
replication.json  how many of the pairs told apart other seeds order alike
CHANGES.md        what each release added, removed or scored anew
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from harness import tracks
from harness.specs import Apply, Entry
from harness.tracks import shortened
from leaderboards.data.cache import lines, packed
from leaderboards.data.tables import Tables, stacked
from leaderboards.data.validation import first
from schedules.errors import UserError
from schedules.presets import RENAMED

FOLDER = Path(__file__).parent.with_name("published")
SCHEMA_VERSION = 1
RESULTS, LINES, RELEASE, TABLE, CHANGES = "results.parquet", "lines.parquet", "release.json", "table.md", "CHANGES.md"
SAMPLES, WEBP = "samples", ".webp"
PREFIX = "published:"
"""A published run has no id in anybody's MLflow: it is called this and its run key."""


class Environment(BaseModel):
    """Versions of packages, and the runs that were made with them. name: what `results.parquet` calls it"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    packages: dict[str, str]
    hardware: tuple[str, ...]
    runs: int
    entries: tuple[str, ...]
    seeds: tuple[int, ...]


class Tuning(BaseModel):
    """What the tuning of one entry for one target was given, and what it found. params: of schedule and training"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: str
    target: str
    tuned_from: str
    params: str
    trials: int | None
    seconds: float | None


class Release(BaseModel):
    """What a release is made of. made: date of the last change; commands: what gives all of its runs again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    track: str
    protocol: str
    track_fingerprint: str
    made: str
    runs: int
    entries: int
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    environment: tuple[Environment, ...]
    hardware: tuple[str, ...]
    commands: tuple[str, ...]
    tuning: tuple[Tuning, ...]
    missing: tuple[str, ...]


def released_tracks() -> list[str]:
    """The tracks that have a release."""
    return [name for name in tracks.names() if (FOLDER / name / RELEASE).is_file()]


def release(track: str) -> Release:
    """What is known of a track's release. UserError where there is none, or it is of a later version."""
    return read_release(_folder(track))


def published_table(track: str) -> Tables:
    """The runs and scores of a release, as `leaderboards.boards.query.runs_table` gives those of a store.

    `run_id` is "published:" and the run key, `source` is "published". UserError where there is no release.
    """
    folder = _folder(track)
    read_release(folder)
    return _table(folder, (folder / RESULTS).stat().st_mtime_ns)


def with_published(own: Tables, track: str) -> tuple[Tables, list[str]]:
    """A store's runs and the released ones together, each run key once, the store's own before the released.

    Only where protocol and track are the same: own runs of another version of the track are left out, and a release of
    another one is not added. Returns notes that say so.
    """
    published, facts, now = published_table(track), release(track), tracks.get(track)
    if (facts.protocol, facts.track_fingerprint) != (now.protocol, now.fingerprint):
        of = f"protocol {facts.protocol}, track {facts.track_fingerprint}"
        return own, [f"published results left out: they are of {of}, not {now.protocol}, {now.fingerprint}"]
    own, notes = of_this_version(own, track)
    return stacked([own, published.where(~published.runs["run_key"].isin(own.runs["run_key"]))]), notes


def of_this_version(own: Tables, track: str) -> tuple[Tables, list[str]]:
    """The runs of the track and the protocol as they are now, and a note on how many were left out."""
    now = tracks.get(track)
    same = (own.runs["track_fingerprint"] == now.fingerprint) & (own.runs["protocol"] == now.protocol)
    others = int((~same).sum())
    notes = [f"{others} own runs left out: of another protocol or version of the track"] if others else []
    return own.where(same), notes


def sample_grid(track: str, run_id: str) -> Path | None:
    """The picture of a published run's samples; None for one that has none: one seed of each entry and target does."""
    if not run_id.startswith(PREFIX):
        return None
    picture = _folder(track) / SAMPLES / f"{run_id.removeprefix(PREFIX)}{WEBP}"
    return picture if picture.is_file() else None


def published_lines(track: str, quantity: str, run_ids: Iterable[str]) -> dict[str, lines.Points]:
    """run_id → the training loss or ε-error of released runs; quantity: `lines.LOSS` or `lines.EPS_ERROR`."""
    file = _folder(track) / LINES
    if not file.is_file():
        return {}
    table = _lines(file, file.stat().st_mtime_ns)
    of_it = table.filter(pa.compute.equal(table["quantity"].cast(pa.string()), quantity))
    return lines.points_of(of_it, run_ids)


def _folder(track: str) -> Path:
    folder = FOLDER / tracks.get(track).name
    if not (folder / RELEASE).is_file():
        if (short := shortened.parse(track)) is not None:
            raise UserError(
                f"{track} has no published results, as no shortened track has; rank its runs alone, or run {short[0]}"
            )
        have = ", ".join(released_tracks()) or "none"
        raise UserError(f"no published results of {track!r}; tracks that have some: {have}")
    return folder


def read_release(folder: Path) -> Release:
    """What the release in a folder says of itself. UserError where it is none of this schema version."""
    try:
        release = Release.model_validate_json((folder / RELEASE).read_bytes())
    except OSError as error:
        raise UserError(f"{folder / RELEASE} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(
            f"{folder / RELEASE} is no release of schema version {SCHEMA_VERSION}: {first(error)}"
        ) from error
    if release.schema_version != SCHEMA_VERSION:
        raise UserError(f"{folder / RELEASE}: schema version {release.schema_version}; expected {SCHEMA_VERSION}")
    return release


@functools.lru_cache(maxsize=8)
def _table(folder: Path, changed: int) -> Tables:
    return packed.tables(packed.newest(read_results(folder / RESULTS)), source="published")


@functools.lru_cache(maxsize=8)
def _lines(file: Path, changed: int) -> pa.Table:
    curves = pq.read_table(file)
    ids = [PREFIX + key for key in curves["run_key"].to_pylist()]
    return curves.append_column("run_id", pa.array(ids, pa.string()))


def read_results(file: Path) -> pa.Table:
    """A file of released runs as a packed table. UserError for one that does not have its columns."""
    stored = read_stored(file)
    return filled({name: stored[name] for name in SLIM.names}, [PREFIX + key for key in stored["run_key"].to_pylist()])


def read_stored(file: Path) -> pa.Table:
    """A file of released runs as it is. UserError for one that does not have its columns."""
    try:
        stored = pq.read_table(file)
        return _renamed(pa.table({name: stored[name].cast(STORED.field(name).type) for name in STORED.names}, STORED))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UserError(f"{file} holds no results: {error}") from error


def _renamed(table: pa.Table) -> pa.Table:
    """Runs of a preset that has another name by now, under that name: those whose density it is."""
    texts = {name: table[name].cast(pa.string()).to_pylist() for name in ("entry", "schedule", "weighting", "apply")}
    prints = table["fingerprint"].cast(pa.string()).to_pylist()
    moved = False
    for now, before in RENAMED.items():
        for row, schedule in enumerate(texts["schedule"]):
            how = (texts["weighting"][row], "weight" if texts["apply"][row] == "weight" else "sample")
            if schedule == before and prints[row] == _fingerprint(now, *how):
                texts["entry"][row] = texts["entry"][row].replace(before, now, 1)
                texts["schedule"][row], moved = now, True
    for name in ("entry", "schedule") if moved else ():
        field = STORED.field(name)
        column = pa.array(texts[name], pa.string()).cast(field.type)
        table = table.set_column(table.schema.get_field_index(name), field, column)
    return table


@functools.lru_cache(maxsize=64)
def _fingerprint(schedule: str, weighting: str, apply: Apply) -> str:
    return Entry.of(schedule, weighting, apply).fingerprint


def filled(columns: dict[str, Any], run_ids: list[str]) -> pa.Table:
    """A packed table of columns that lack what only means something in a store; the order is that of their clocks."""
    count = len(run_ids)
    started = columns["started"].cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy() / 1000
    blank = {"run_id": run_ids, "host": [""] * count, packed.ENDED: [0] * count, packed.RECORDED: started}
    full = {
        name: columns[name].cast(packed.SCHEMA.field(name).type)
        if name in columns
        else pa.array(blank[name], packed.SCHEMA.field(name).type)
        for name in packed.SCHEMA.names
    }
    return pa.table(full, packed.SCHEMA)


_DROPPED = ("run_id", "host", packed.ENDED, packed.RECORDED)
SLIM = pa.schema(
    [
        packed.SCHEMA.field(name) if name != packed.VALUES else pa.field(name, pa.list_(pa.float32()))
        for name in packed.SCHEMA.names
        if name not in _DROPPED
    ]
)
"""A packed table without what only means something in a store, and with scores in single precision."""
STORED = SLIM.append(pa.field("environment", packed.SCHEMA.field("hardware").type))
"""Those columns, and by which name `release.json` knows what a run was made with."""
