"""What a release holds: the runs that count, without what only means something in the store they come from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pandas as pd
import pyarrow as pa

from harness import tracks
from harness.metrics.keys import Measured, parse
from harness.tracking import read
from leaderboards import released
from leaderboards.cache import lines, packed
from leaderboards.publishing import commands
from leaderboards.released import SCHEMA_VERSION, SLIM, Release, Tuning
from schedules.errors import UserError

COSTS = frozenset({"seconds/training", "seconds/evaluation", "memory/peak_mib"})
UNUSED = frozenset({"val/kd_se"})
"""Measured, and looked at by no table and no page."""


def counting(runs: pa.Table, track: str) -> pa.Table:
    """The runs of the track as it is now, and of several of one entry, target and seed only the newest.

    UserError where there is none.
    """
    now = tracks.get(track)
    facts = packed.newest(runs)
    frame = facts.select([*packed.TEXT, "seed", "started"]).to_pandas()
    same = (frame["protocol"] == now.protocol) & (frame["track_fingerprint"] == now.fingerprint)
    kept = frame[same].drop_duplicates(["entry", "fingerprint", "target", "seed"])
    if kept.empty:
        raise UserError(f"no runs of {track} under protocol {now.protocol} and as the track is now: nothing to publish")
    order = kept.sort_values(["entry", "target", "seed"]).index.to_numpy()
    return facts.take(order)


def slim(runs: pa.Table, schema: pa.Schema = SLIM) -> pa.Table:
    """The columns of a schema, and of the scores those that any table or page uses."""
    keys, values = [], []
    for names, scores in zip(runs[packed.KEYS].to_pylist(), runs[packed.VALUES].to_pylist(), strict=True):
        used = {name: score for name, score in zip(names.split(packed.JOINT), scores, strict=True) if kept(name)}
        keys.append(packed.JOINT.join(used))
        values.append(list(used.values()))
    columns = {name: runs[name].combine_chunks() for name in schema.names if name not in (packed.KEYS, packed.VALUES)}
    columns |= {
        packed.KEYS: pa.array(keys, schema.field(packed.KEYS).type),
        packed.VALUES: pa.array(values, schema.field(packed.VALUES).type),
    }
    return pa.table({name: columns[name] for name in schema.names}, schema)


def lines_of(store: Path, track: str, runs: pa.Table) -> pa.Table:
    """Training loss and ε-error of the runs, by run key: columns run_key, quantity, x, y."""
    keys = dict(zip(runs["run_id"].to_pylist(), runs["run_key"].to_pylist(), strict=True))
    parts = []
    for quantity, reader in ((lines.LOSS, lines.losses), (lines.EPS_ERROR, lines.error_curves)):
        found = lines.table_of({keys[run_id]: points for run_id, points in reader(store, track, keys).items()})
        found = found.rename_columns(["run_key", "x", "y"])
        parts.append(found.append_column("quantity", pa.array([quantity] * len(found), pa.string())))
    return pa.concat_tables(parts)


def gaps(facts: pd.DataFrame) -> list[str]:
    """What an even board would have besides: a line for each entry and target that lack seeds which others have.

    facts: one row for each run
    """
    targets, seeds = sorted(facts["target"].unique()), sorted(facts["seed"].unique())
    have = facts.groupby(["entry", "target"])["seed"].agg(set).to_dict()
    found = []
    for entry, target in product(sorted(facts["entry"].unique()), targets):
        absent = [str(seed) for seed in seeds if seed not in have.get((entry, target), set())]
        if absent:
            which = "all" if len(absent) == len(seeds) else ", ".join(absent)
            found.append(f"{entry} × {target}: seeds {which}")
    return found


def describe(store: Path, track: str, frozen: pa.Table, runs: pa.Table, facts: pd.DataFrame) -> Release:
    """What the release is made of.

    frozen, runs: as `slim` and `counting` give them
    facts:        one row for each run
    """
    tuned = facts[facts["tuned"]].drop_duplicates(["entry", "target"])
    return Release(
        schema_version=SCHEMA_VERSION,
        track=track,
        protocol=tracks.get(track).protocol,
        track_fingerprint=tracks.get(track).fingerprint,
        made=datetime.now(UTC).date().isoformat(),
        runs=len(facts),
        entries=facts["entry"].nunique(),
        targets=tuple(sorted(facts["target"].unique())),
        seeds=tuple(sorted(int(seed) for seed in facts["seed"].unique())),
        metrics=tuple(
            sorted({of.metric for names in frozen[packed.KEYS].unique().to_pylist() for of in _measured(names)})
        ),
        environment=environments(store, runs["run_id"].to_pylist()),
        hardware=tuple(sorted({word for word in facts["hardware"] if word})),
        commands=tuple(commands.that_made(facts, track)),
        tuning=tuple(
            Tuning(
                entry=row["entry"],
                target=row["target"],
                tuned_from=row["tuned_from"],
                trials=None if pd.isna(row["trials"]) else int(row["trials"]),
                seconds=None if pd.isna(row["tuning_seconds"]) else round(float(row["tuning_seconds"]), 1),
            )
            for row in tuned.sort_values(["entry", "target"]).to_dict("records")
        ),
        missing=tuple(gaps(facts)),
    )


def as_table(frozen: pa.Table) -> pd.DataFrame:
    """The long table of a release that is not written yet."""
    ids = [released.PREFIX + key for key in frozen["run_key"].to_pylist()]
    full = released.filled({name: frozen[name] for name in SLIM.names}, ids)
    return packed.unpack(packed.newest(full), source="published")


def kept(name: str) -> bool:
    """Whether a measured value, by its MLflow key, is part of a release."""
    return name == "" or name in COSTS or (parse(name) is not None and _plain_key(name) not in UNUSED)


def _plain_key(name: str) -> str:
    measured = parse(name)
    return name if measured is None else f"{measured.split}/{measured.metric}"


def _measured(names: str) -> list[Measured]:
    return [found for name in names.split(packed.JOINT) if (found := parse(name)) is not None]


def environments(store: Path, run_ids: list[str]) -> tuple[dict[str, str], ...]:
    """Each set of package versions that any run was made with."""
    contents = read.artifacts(store, run_ids, "environment.json").values()
    distinct = sorted({json.dumps(json.loads(content), sort_keys=True) for content in contents})
    return tuple({str(key): str(value) for key, value in json.loads(text).items()} for text in distinct)
