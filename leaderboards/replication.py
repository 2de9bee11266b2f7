"""Runs of a track with fresh seeds, beside its release, and what they confirmed of it.

The board of a release keeps the seeds that all of its entries have. Runs with other seeds are a test of what it says:
`replication.parquet` holds them, in the columns of the release's results, and `replication.json` what came of it.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from harness import tracks
from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.data import released
from leaderboards.data.cache import packed
from leaderboards.data.tables import Tables
from schedules.errors import UserError

RUNS, REPORT = "replication.parquet", "replication.json"
SCHEMA_VERSION = 1


class Confirmed(BaseModel):
    """What fresh seeds say of the pairs of one section.

    target:    "all" over the targets that were run
    entries:   that both have; pairs: of them
    told:      that the old seeds tell apart; alike: of those, the fresh ones' means lie in the same order
    told_anew: that the fresh seeds tell apart by themselves; against: of those, which the old tell apart the other way
    reversed:  pairs that the fresh seeds' means have the other way round, with the old log ratio (or difference)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    entries: int
    pairs: int
    told: int
    alike: int
    told_anew: int
    against: int
    reversed: tuple[tuple[str, str, float], ...]


class Replication(BaseModel):
    """What was run again, and what it confirmed. old, fresh: seeds"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    track: str
    protocol: str
    track_fingerprint: str
    metric: str
    runs: int
    old: tuple[int, ...]
    fresh: tuple[int, ...]
    entries: tuple[str, ...]
    sections: tuple[Confirmed, ...]


def replicate(old: Tables, fresh: Tables, track: str, metric: str | None = None) -> Replication:
    """Compare what the old seeds tell apart with the order that fresh ones give.

    old, fresh: runs and scores; of fresh, only runs of entries (and densities) that old has, with seeds that old lacks.
                The verdicts of the old are those of their whole board, whatever was run again.

    UserError where nothing was run again.
    """
    fresh = again(old, fresh, track)
    choice = Choice(metric=metric)
    before, after = panel_of(old, track, choice), panel_of(fresh, track, choice)
    now = tracks.get(track)
    return Replication(
        schema_version=SCHEMA_VERSION,
        track=track,
        protocol=now.protocol,
        track_fingerprint=now.fingerprint,
        metric=before.metric.name,
        runs=len(fresh.runs),
        old=before.seeds,
        fresh=after.seeds,
        entries=after.labels,
        sections=tuple(_confirmed(before, part) for part in after.sections()),
    )


def again(old: Tables, fresh: Tables, track: str) -> Tables:
    """Of fresh runs those that repeat an old one: the same entry, density and target, with a seed that it lacks."""
    now = tracks.get(track)
    runs, seeds = fresh.runs, set(old.runs["seed"].unique())
    same = (runs["track_fingerprint"] == now.fingerprint) & (runs["protocol"] == now.protocol)
    repeats = same & _keys(runs).isin(_keys(old.runs).unique()) & ~runs["seed"].isin(seeds)
    if not repeats.any():
        raise UserError(f"no run of {track} here repeats a published entry with a seed beyond {_listed(seeds)}")
    return fresh.where(repeats)


def refresh(folder: Path, old: Tables, track: str) -> None:
    """Write `replication.json` anew from `replication.parquet` in the same folder; no report where none of it counts.

    old: runs and scores of the release. A folder without runs of fresh seeds stays as it is.
    """
    if not (folder / RUNS).is_file():
        return
    fresh = packed.tables(packed.newest(released.read_results(folder / RUNS)), source="published")
    try:
        report = replicate(old, fresh, track).model_dump_json(indent=1) + "\n"
    except UserError:  # the release is of another protocol or version by now, or has these seeds itself
        (folder / REPORT).unlink(missing_ok=True)
    else:
        (folder / REPORT).write_text(report, encoding="utf-8")


def _confirmed(before: Panel, after: Panel) -> Confirmed:
    labels = [label for label in after.labels if label in before.labels]
    cells = [cell for cell in after.cells if cell in before.cells]
    old, new = (part.judge.verdicts(cells, labels) for part in (before, after))
    pairs = list(combinations(range(len(labels)), 2))
    comparable = [(i, j) for i, j in pairs if np.isfinite(old.mean[i, j]) and np.isfinite(new.mean[i, j])]
    told = [pair for pair in comparable if old.told[pair]]
    alike = [pair for pair in told if np.sign(old.mean[pair]) == np.sign(new.mean[pair])]
    anew = [pair for pair in comparable if new.told[pair]]
    against = [pair for pair in anew if old.told[pair] and np.sign(old.mean[pair]) != np.sign(new.mean[pair])]
    turned = [pair for pair in told if pair not in set(alike)]
    return Confirmed(
        target=after.target,
        entries=len(labels),
        pairs=len(comparable),
        told=len(told),
        alike=len(alike),
        told_anew=len(anew),
        against=len(against),
        reversed=tuple((labels[i], labels[j], float(old.mean[i, j])) for i, j in turned),
    )


def _keys(runs: pd.DataFrame) -> pd.MultiIndex:
    """Which entry, of which density, for which target."""
    return pd.MultiIndex.from_frame(runs[["entry", "fingerprint", "target"]])


def _listed(seeds: set[int]) -> str:
    return ", ".join(str(seed) for seed in sorted(seeds))
