"""A release grows in steps: the runs of a store join those that are published, or take the place of the same runs.

Published results come from several sittings, machines and stores, so what a store lacks stays published. A run is known
by its entry, the fingerprint of its density and weighting, its target and its seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness import tracks
from leaderboards.data import released
from leaderboards.data.cache import lines
from leaderboards.data.released import STORED, Release
from leaderboards.data.selection import RUN_OF
from leaderboards.data.tables import plain
from schedules.errors import UserError

LINES = pa.schema(
    [
        *(("run_key", pa.string()), ("quantity", pa.string())),
        *(lines.SCHEMA.field(axis) for axis in ("x", "y")),
    ]
)
"""Training loss and ε-error of runs: `lines.parquet`."""
ORDER = [*RUN_OF, "run_key"]


@dataclass(frozen=True)
class Content:
    """What is released of some runs.

    runs:         one row for each, in the columns `released.STORED`
    lines:        their curves, in the columns `LINES`
    environments: name → versions of packages, for each name in the column `environment`
    """

    runs: pa.Table
    lines: pa.Table
    environments: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Before:
    """The release that is there."""

    release: Release
    content: Content


def before(folder: Path) -> Before | None:
    """The release in a folder; None where there is none, UserError for one that cannot be read."""
    if not any((folder / name).is_file() for name in (released.RELEASE, released.RESULTS)):
        return None
    release = released.read_release(folder)
    try:
        curves = pq.read_table(folder / released.LINES).select(LINES.names).cast(LINES)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UserError(f"{folder / released.LINES} holds no curves: {error}") from error
    environments = {environment.name: environment.packages for environment in release.environment}
    return Before(release, Content(released.read_stored(folder / released.RESULTS), curves, environments))


def apart(release: Release) -> str | None:
    """Why nothing can be added to a release: it is of another protocol or version of the track. None where it can."""
    now = tracks.get(release.track)
    if release.protocol != now.protocol:
        return f"protocol {release.protocol} → {now.protocol}"
    if release.track_fingerprint != now.fingerprint:
        return f"version of the track {release.track_fingerprint} → {now.fingerprint}"
    return None


def joined(published: Content, own: Content) -> Content:
    """Both, and of a run that is in both only the store's own."""
    own_runs = set(_identities(own.runs))
    stays = pa.array([run not in own_runs for run in _identities(published.runs)], pa.bool_())
    runs = pa.concat_tables([published.runs.filter(stays), own.runs])
    # A run key is of one run; the store's curve of it comes last, and is the one that counts.
    curves = pa.concat_tables([published.lines, own.lines])
    return ordered(Content(runs, curves, {**published.environments, **own.environments}))


def ordered(content: Content) -> Content:
    """The same in one order, whatever was joined to what, and without the curves and environments of no run."""
    # Plain: words that are categories would be sorted by their numbers.
    facts = plain(content.runs.select(ORDER).to_pandas())
    runs = content.runs.take(facts.sort_values(ORDER, kind="stable").index.to_numpy())
    place = {key: number for number, key in enumerate(runs["run_key"].to_pylist())}
    curves = content.lines.select(["run_key", "quantity"]).to_pandas()
    curves = curves.assign(place=curves["run_key"].map(place)).dropna()
    curves = curves.drop_duplicates(["run_key", "quantity"], keep="last").sort_values(["quantity", "place"])
    used = set(runs["environment"].to_pylist())
    return Content(
        pa.table([_recoded(runs[name]) for name in STORED.names], STORED).combine_chunks(),
        content.lines.take(curves.index.to_numpy()).combine_chunks(),
        {name: dict(packages) for name, packages in sorted(content.environments.items()) if name in used},
    )


def _recoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Words numbered as they occur, so that the same rows are the same bytes."""
    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([column.cast(pa.string()).combine_chunks().dictionary_encode()], column.type)


def _identities(runs: pa.Table) -> list[tuple[object, ...]]:
    frame: pd.DataFrame = runs.select(RUN_OF).to_pandas()
    return list(frame.astype({"seed": int}).itertuples(index=False, name=None))
