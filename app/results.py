"""Cached reads of the store, through `leaderboards`; each is read again once the store has changed.

Everything a page asks for is keyed by the store's version, so that a run that finishes meanwhile shows up at the next
click, and an unchanged store costs nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from leaderboards import query, views
from leaderboards.query import METRICS, Metric, tracks
from leaderboards.rows import Board
from leaderboards.views import Curve

DEFAULT = "snrbench-store"
STANDARD_ERRORS = frozenset({"kd_se"})
"""Metrics that say how sure another one is, and rank nothing."""
FRESH = 30.0
"""Seconds for which results of a tracking server, whose changes can't be seen from here, are taken as unchanged."""
KEPT = 64


@dataclass(frozen=True)
class Store:
    """A store as it was when a page began. version: changes whenever a run is recorded."""

    folder: Path
    version: str


def store() -> Store:
    """The store that `snrbench app` was started with."""
    folder = Path(os.environ.get("SNRBENCH_HOME") or DEFAULT)
    if "MLFLOW_TRACKING_URI" in os.environ:
        return Store(folder, f"server {time.time() // FRESH:.0f}")
    return Store(folder, " ".join(filter(None, (_stamp(folder / name) for name in ("mlflow.db", "mlflow.db-wal")))))


def _stamp(file: Path) -> str:
    """Changes with the content of a file; empty for one without any, as SQLite's log is that a mere reader leaves."""
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}/{found.st_size}" if found.st_size else ""


def exists(store: Store) -> bool:
    """Whether there is anything to read from."""
    return bool(store.version)


def track_names() -> list[str]:
    """All tracks, in the order in which they are listed everywhere."""
    return tracks.names()


def track_summary(track: str) -> str:
    """What a track is, in one line."""
    return tracks.get(track).summary


def primary_metric(track: str) -> str:
    """The metric that a track is ranked by unless told otherwise."""
    return tracks.get(track).primary_metric


@st.cache_resource(max_entries=8, show_spinner="Reading the store …")
def table(store: Store, track: str) -> pd.DataFrame:
    """The long table of a track's runs. Shared, not copied, between visitors: nobody changes it."""
    return query.runs_table(store.folder, track)


def recorded(store: Store, track: str) -> dict[str, Metric]:
    """The metrics that a track can be ranked by, in the catalogue's order; the primary one where there is none."""
    present = set(table(store, track)["metric"]) - STANDARD_ERRORS
    return {name: METRICS[name] for name in METRICS if name in present} or {
        primary_metric(track): METRICS[primary_metric(track)]
    }


def targets(store: Store, track: str) -> list[str]:
    """The prediction targets that a track has runs of, in the track's order."""
    present = set(table(store, track)["target"])
    return [target for target in tracks.get(track).targets if target in present]


def guidance_scales(store: Store, track: str, metric: str) -> list[float]:
    """The guidance scales that a metric was measured at along the track's own grid; empty for one without guidance."""
    rows = table(store, track)
    present = rows.loc[rows["metric"] == metric, "guidance"].dropna().unique()
    return [scale for scale in tracks.get(track).guidance if any(abs(scale - other) < 1e-9 for other in present)]


@st.cache_data(max_entries=1, show_spinner=False)
def entries(store: Store) -> list[str]:
    """Every entry of every track: what colours are handed out to."""
    if not exists(store):
        return []
    return sorted({str(name) for track in track_names() for name in table(store, track)["entry"].unique()})


@st.cache_data(max_entries=KEPT, show_spinner="Ranking …")
def board(store: Store, track: str, metric: str, target: str | None, guidance: str) -> Board:
    """A ranked board. target: None over all; guidance: "best" or a scale as text."""
    return query.board_of(table(store, track), track, metric=metric, target=target, guidance=guidance)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def runs(store: Store, track: str) -> pd.DataFrame:
    """One row for each run of a track, newest first."""
    return views.runs(table(store, track))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def ranked_runs(store: Store, track: str, target: str) -> pd.DataFrame:
    """The runs that the board of a target is made of, with their `label`."""
    return views.ranked_runs(table(store, track), target)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def marks(store: Store, track: str, target: str, metric: str) -> pd.DataFrame:
    """Score against budget: label, seed, mark, value."""
    return views.marks(table(store, track), target, metric)


@st.cache_data(max_entries=KEPT, show_spinner="Reading curves …")
def histories(store: Store, run_ids: Sequence[str], metric: str) -> dict[str, Curve]:
    """run_id → a metric along training."""
    return views.histories(store.folder, run_ids, metric)


@st.cache_data(max_entries=KEPT, show_spinner="Reading curves …")
def error_curves(store: Store, run_ids: Sequence[str]) -> dict[str, Curve]:
    """run_id → held-out ε-error against λ."""
    return views.error_curves(store.folder, run_ids)


@st.cache_data(max_entries=KEPT, show_spinner="Reading densities …")
def learned_densities(store: Store, run_ids: Sequence[str]) -> dict[str, Curve]:
    """run_id → p(λ) at the end of training, of schedules that learn."""
    return views.learned_densities(store.folder, run_ids)


@st.cache_data(max_entries=KEPT, show_spinner="Reading samples …")
def samples(store: Store, run_id: str) -> bytes | None:
    """A run's sample grid as PNG."""
    return views.samples(store.folder, run_id)
