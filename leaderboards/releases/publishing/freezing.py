"""What a release holds: the runs that count, without what only means something in the store they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pandas as pd
import pyarrow as pa

from harness import tracks
from harness.metrics.keys import Measured, parse
from harness.metrics.metric import BUILT_IN
from harness.metrics.registry import METRICS
from harness.results import read
from leaderboards.data import released
from leaderboards.data.cache import lines, packed
from leaderboards.data.released import SCHEMA_VERSION, SLIM, STORED, Environment, Release, Tuning
from leaderboards.data.tables import Tables, plain
from leaderboards.releases.publishing import commands
from leaderboards.releases.publishing.joining import LINES, Content, ordered
from schedules.errors import UserError

COSTS = frozenset({"seconds/training", "seconds/evaluation", "memory/peak_mib"})
TUNING_SECONDS = "tuning_seconds"


def counting(runs: pa.Table, track: str) -> pa.Table:
    """The runs of the track as it is now, and of several of one entry, target and seed only the newest.

    UserError where there is none.
    """
    now = tracks.get(track)
    facts = packed.newest(runs)
    frame = plain(facts.select([*packed.TEXT, "seed", "started"]).to_pandas())
    same = (frame["protocol"] == now.protocol) & (frame["track_fingerprint"] == now.fingerprint)
    rows = frame[same].drop_duplicates(["entry", "fingerprint", "target", "seed"])
    if rows.empty:
        raise UserError(f"no runs of {track} under protocol {now.protocol} and as the track is now")
    order = rows.sort_values(["entry", "target", "seed"]).index.to_numpy()
    return facts.take(order)


def slim(runs: pa.Table, schema: pa.Schema = SLIM, costs: bool = True) -> pa.Table:
    """The columns of a schema, and of the scores those that any table or page uses.

    costs: with the seconds and the memory that runs and tuning took
    """
    keys, values = [], []
    for names, scores in zip(runs[packed.KEYS].to_pylist(), runs[packed.VALUES].to_pylist(), strict=True):
        pairs = zip(names.split(packed.JOINT), scores, strict=True)
        used = {name: score for name, score in pairs if kept(name) and (costs or name not in COSTS)}
        keys.append(packed.JOINT.join(used))
        values.append(list(used.values()))
    columns = {name: runs[name].combine_chunks() for name in schema.names if name not in (packed.KEYS, packed.VALUES)}
    if not costs and TUNING_SECONDS in columns:
        columns[TUNING_SECONDS] = pa.nulls(runs.num_rows, schema.field(TUNING_SECONDS).type)
    columns |= {
        packed.KEYS: pa.array(keys, schema.field(packed.KEYS).type),
        packed.VALUES: pa.array(values, schema.field(packed.VALUES).type),
    }
    return pa.table({name: columns[name] for name in schema.names}, schema)


def content(store: Path, track: str, runs: pa.Table, costs: bool = True) -> Content:
    """What is released of a store's runs. runs: as `counting` gives them; costs: as in `slim`"""
    made_with = environments(store, runs["run_id"].to_pylist())
    names = {run_id: _name(packages) for run_id, packages in made_with.items()}
    column = pa.array([names.get(run_id, "") for run_id in runs["run_id"].to_pylist()], pa.string())
    frozen = slim(runs, costs=costs).append_column(STORED.field("environment"), column.dictionary_encode())
    by_name = {names[run_id]: packages for run_id, packages in made_with.items()}
    return ordered(Content(frozen, lines_of(store, track, runs), by_name))


def lines_of(store: Path, track: str, runs: pa.Table) -> pa.Table:
    """Training loss and ε-error of the runs, by run key, in the columns `steps.LINES`."""
    keys = dict(zip(runs["run_id"].to_pylist(), runs["run_key"].to_pylist(), strict=True))
    parts = []
    for quantity, reader in ((lines.LOSS, lines.losses), (lines.EPS_ERROR, lines.error_curves)):
        table = lines.table_of({keys[run_id]: points for run_id, points in reader(store, track, keys).items()})
        table = table.rename_columns(["run_key", "x", "y"])
        parts.append(table.append_column("quantity", pa.array([quantity] * len(table), pa.string())))
    return pa.concat_tables(parts).select(LINES.names)


def gaps(facts: pd.DataFrame) -> list[str]:
    """What an even board would have besides: a line for each entry and target that lack seeds which others have.

    facts: one row for each run
    """
    targets, seeds = sorted(facts["target"].unique()), sorted(facts["seed"].unique())
    have = facts.groupby(["entry", "target"])["seed"].agg(set).to_dict()
    gap_lines = []
    for entry, target in product(sorted(facts["entry"].unique()), targets):
        absent = [str(seed) for seed in seeds if seed not in have.get((entry, target), set())]
        if absent:
            which = "all" if len(absent) == len(seeds) else ", ".join(absent)
            gap_lines.append(f"{entry} × {target}: seeds {which}")
    return gap_lines


def describe(track: str, made_of: Content, facts: pd.DataFrame) -> Release:
    """What the release is made of, all of it from its runs.

    facts: one row for each run, plain
    """
    keys = made_of.runs[packed.KEYS].unique().to_pylist()
    return Release(
        schema_version=SCHEMA_VERSION,
        track=track,
        protocol=tracks.get(track).protocol,
        track_fingerprint=tracks.get(track).fingerprint,
        made=datetime.now(UTC).date().isoformat(),
        runs=len(facts),
        entries=facts["entry"].nunique(),
        targets=tuple(sorted(facts["target"].unique())),
        seeds=_seeds(facts),
        metrics=tuple(sorted({of.metric for names in keys for of in _measured(names)})),
        environment=tuple(_environments(made_of, facts)),
        hardware=_hardware(facts),
        commands=tuple(commands.that_made(facts, track)),
        tuning=tuple(_tunings(facts)),
        missing=tuple(gaps(facts)),
    )


def _environments(made_of: Content, facts: pd.DataFrame) -> Iterator[Environment]:
    by_key = dict(zip(*(made_of.runs[name].to_pylist() for name in ("run_key", "environment")), strict=True))
    name_of = facts["run_key"].map(by_key)
    for name, packages in made_of.environments.items():
        runs = facts[name_of == name]
        yield Environment(
            name=name,
            packages=dict(packages),
            hardware=_hardware(runs),
            runs=len(runs),
            entries=tuple(sorted(runs["entry"].unique())),
            seeds=_seeds(runs),
        )


def _tunings(facts: pd.DataFrame) -> Iterator[Tuning]:
    tuned = facts[facts["tuned"]].drop_duplicates(["entry", "fingerprint", "target"])
    for row in tuned.sort_values(["entry", "target", "fingerprint"]).to_dict("records"):
        yield Tuning(
            entry=row["entry"],
            target=row["target"],
            tuned_from=row["tuned_from"],
            params=row["params"],
            trials=None if pd.isna(row["trials"]) else int(row["trials"]),
            seconds=None if pd.isna(row["tuning_seconds"]) else round(float(row["tuning_seconds"]), 1),
        )


def _seeds(facts: pd.DataFrame) -> tuple[int, ...]:
    return tuple(sorted(int(seed) for seed in facts["seed"].unique()))


def _hardware(facts: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({word for word in facts["hardware"] if word}))


def as_table(frozen: pa.Table) -> Tables:
    """The runs and scores of a release that is not written yet."""
    ids = [released.PREFIX + key for key in frozen["run_key"].to_pylist()]
    full = released.filled({name: frozen[name] for name in SLIM.names}, ids)
    return packed.tables(packed.newest(full), source="published")


def kept(name: str) -> bool:
    """Whether a measured value, by its MLflow key, is part of a release.

    Of the metrics those that come with snrbench, which everybody can read; not standard errors on validation, which no
    table and no page looks at.
    """
    if name == "" or name in COSTS:
        return True
    measured = parse(name)
    metric = None if measured is None else METRICS.get(measured.metric)
    if measured is None or metric is None or metric.origin != BUILT_IN:
        return False
    return not (metric.error_of and measured.split == "val")


def _measured(names: str) -> list[Measured]:
    return [measured for name in names.split(packed.JOINT) if (measured := parse(name)) is not None]


def environments(store: Path, run_ids: list[str]) -> dict[str, dict[str, str]]:
    """run_id → the versions of packages that the run was made with, for the runs that say so."""
    texts = read.artifacts(store, run_ids, "environment.json")
    return {
        run_id: {str(name): str(version) for name, version in sorted(json.loads(text).items())}
        for run_id, text in texts.items()
    }


def _name(packages: Mapping[str, str]) -> str:
    """The same versions have the same name, in whatever store they were used."""
    return hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()[:8]
