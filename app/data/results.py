"""Cached reads, through `leaderboards`: of the store that the app was started with, or of the published results.

Everything a page asks for is keyed by the store's version, so that a run that finishes meanwhile shows up at the next
click, and an unchanged store costs nothing. What is kept is shared between visitors, not copied: nobody changes it.
"""

from __future__ import annotations

import functools
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.command import BUNDLES, PUBLISHED
from app.data.page_choice import FULL, View
from harness.results import read
from harness.results.store import Store
from harness.tracks import plugins
from harness.tracks.shortened import SEPARATOR
from harness.tracks.standing import Standing
from leaderboards.boards import query, run_views
from leaderboards.boards.board import hidden
from leaderboards.boards.query import METRICS, Metric, tracks
from leaderboards.boards.rows import ALL_TARGETS, Board
from leaderboards.boards.run_views import Curve
from leaderboards.data import released
from leaderboards.data.cache import packed
from leaderboards.data.tables import Tables, plain
from leaderboards.releases import small_curves
from leaderboards.releases.bundles import contents
from leaderboards.releases.bundles.receipt import RECEIPTS
from leaderboards.releases.sources import Sources, table_of
from schedules import UserError

DEFAULT = "snrbench-store"
FRESH = 30.0
"""Seconds for which results of a tracking server, whose changes can't be seen from here, are taken as unchanged."""
KEPT = 64
SAMPLES, NEAREST = "samples.png", "nearest.png"
"""Pictures that a run leaves: what it drew, and the nearest training image of each."""


@dataclass(frozen=True)
class ResultSource:
    """Where results come from, as it was when a page began.

    version:   changes whenever a run is recorded; empty where there is nothing to read
    published: the results that come with snrbench instead of a store's
    joined:    those beside the store's own
    bundles:   files that others handed in, beside the rest
    """

    folder: Path
    version: str
    published: bool = False
    joined: bool = False
    bundles: tuple[Path, ...] = ()


def store() -> ResultSource:
    """The store that `snrbench app` was started with."""
    folder = Path(os.environ.get("SNRBENCH_HOME") or DEFAULT)
    bundles = tuple(Path(file) for file in os.environ.get(BUNDLES, "").split(os.pathsep) if file)
    if os.environ.get(PUBLISHED):
        own = "published" if released.released_tracks() else ""
        return ResultSource(folder, own + _stamps(folder, bundles), published=True, bundles=bundles)
    if "MLFLOW_TRACKING_URI" in os.environ:
        return ResultSource(folder, f"server {time.time() // FRESH:.0f}{_stamps(folder, bundles)}", bundles=bundles)
    if not (folder / "mlflow.db").exists():
        return ResultSource(folder, _stamps(folder, bundles), bundles=bundles)
    versions = " ".join(query.store_version(folder, track) for track in track_names())
    return ResultSource(folder, versions + _stamps(folder, bundles), bundles=bundles)


def _stamps(folder: Path, bundles: tuple[Path, ...]) -> str:
    """Changes whenever a bundle or what came of verifying one does."""
    files = [*bundles, folder / RECEIPTS] if bundles else []
    return "".join(f" {file.stat().st_mtime_ns}" for file in files if file.exists())


def exists(store: ResultSource) -> bool:
    """Whether there is anything to read from."""
    return bool(store.version)


def track_names() -> list[str]:
    """All tracks, in the order in which they are listed everywhere, the store's own too; then its shortened ones."""
    folder = Path(os.environ.get("SNRBENCH_HOME") or DEFAULT)
    if os.environ.get(PUBLISHED) or not ("MLFLOW_TRACKING_URI" in os.environ or (folder / "mlflow.db").exists()):
        return tracks.names()
    for name in plugins.names_of(folder):
        with suppress(UserError):  # an edited one; the others are there
            plugins.load_of_store(folder, name)
    if "MLFLOW_TRACKING_URI" in os.environ:
        now = time.time() // FRESH
    else:
        files = [folder / name for name in ("mlflow.db", "mlflow.db-wal")]
        now = max(file.stat().st_mtime for file in files if file.exists())
    return [*tracks.names(), *_shortened(folder, now)]


@functools.lru_cache(maxsize=8)
def _shortened(folder: Path, now: float) -> tuple[str, ...]:
    """Names of the shortened tracks that a store has, known or not when it was last looked at."""
    names = []
    for name in read.experiments(Store(folder)):
        with suppress(UserError):
            if SEPARATOR in name and "/" not in name:
                names.append(tracks.get(name).name)
    return tuple(sorted(names))


def track(name: str) -> tracks.Track:
    """A track, with every number that defines it."""
    return tracks.get(name)


def standing(track: str) -> Standing:
    """Whether a track's board stands among the rankings, and why not."""
    return tracks.standing(track)


def card(track: str) -> dict[str, Any]:
    """What was measured of a track: floors, cost, noise over seeds."""
    return tracks.card(track)


def tables(store: ResultSource, track: str) -> Tables:
    """A track's runs and scores. Shared, not copied, between visitors: nobody changes them."""
    return joined(store, track)[0]


def joined(store: ResultSource, track: str) -> tuple[Tables, list[str]]:
    """All results of a track, and notes on what could not be joined."""
    if not _may_hold(store, track):
        return _nothing(), []
    own = None
    if _has_own(store) and (store.folder, track) not in _read_before:
        own = _read(store.folder, track)
        _read_before.add((store.folder, track))
    return _joined(store, track, own)


_read_before: set[tuple[Path, str]] = set()
"""What this process has read once, so that its cache beside the record is nearly up to date."""


def _read(folder: Path, track: str) -> Tables:
    """What the store holds, with a bar on the page while runs are read from the record."""
    place = st.empty()

    def on_progress(done: int, total: int | None) -> None:
        counted = f"{done:,} of {total:,} runs" if total else f"{done:,} runs"
        place.progress(min(1.0, done / total) if total else 0.0, text=f"Reading {track}: {counted}")

    own = query.runs_table(folder, track, on_progress=on_progress)
    place.empty()
    return own


def _may_hold(store: ResultSource, track: str) -> bool:
    """Milliseconds, where reading nothing takes long: pages ask for every track, and few have results."""
    if store.bundles or ((store.published or store.joined) and track in released.released_tracks()):
        return True
    return _has_own(store) and query.may_have_runs(store.folder, track)


def _has_own(store: ResultSource) -> bool:
    return not store.published and Store(store.folder).exists


@st.cache_resource(max_entries=8, show_spinner="Reading the results …")
def _joined(store: ResultSource, track: str, _own: Tables | None) -> tuple[Tables, list[str]]:
    places = Sources(
        store.folder,
        own=_has_own(store),
        published=(store.published or store.joined) and track in released.released_tracks(),
        bundles=tuple(file for file in store.bundles if contents.open_bundle(file).manifest.track == track),
    )
    if not (places.own or places.published or places.bundles):
        return _nothing(), []
    return table_of(places, track, own=_own)


def at_budget(store: ResultSource, view: View) -> Tables:
    """The track's runs and scores at the budget that a view ranks. Shared, as those are."""
    return _cut(store, view.track, view.budget)


@st.cache_resource(max_entries=16, show_spinner=False)
def _cut(store: ResultSource, track: str, budget: str) -> Tables:
    return View(track, budget=budget).at_budget(tables(store, track))


def shown(store: ResultSource, view: View) -> tuple[str, ...] | None:
    """The entries that a view shows; None for all."""
    return view.shown(tables(store, view.track).runs)


def recorded(store: ResultSource, track: str) -> dict[str, Metric]:
    """The metrics that a track can be ranked by, in the registry's order; the primary one where there is none."""
    present = tables(store, track).metrics
    primary = tracks.get(track).primary_metric
    ranking = {name: metric for name, metric in METRICS.items() if name in present and metric.ranks}
    return ranking or {primary: METRICS[primary]}


def targets(store: ResultSource, track: str) -> list[str]:
    """The prediction targets that a track has runs of, in the track's order."""
    present = set(tables(store, track).runs["target"])
    return [target for target in tracks.get(track).targets if target in present]


def guidance_scales(store: ResultSource, track: str, metric: str, mark: float = 1.0) -> list[float]:
    """The scales a metric was measured at, at a share of the budget; empty for a metric without guidance."""
    scores = tables(store, track).measured([metric])
    present = scores.loc[(scores["mark"] - mark).abs() < 1e-9, "guidance"].dropna().unique()
    return [scale for scale in tracks.get(track).guidance if any(abs(scale - other) < 1e-9 for other in present)]


def budgets(store: ResultSource, track: str, metric: str) -> list[str]:
    """The shares of the budget at which a metric was measured, falling, as text."""
    scores = tables(store, track).measured([metric])
    marks = scores.loc[scores["split"] != "", "mark"].dropna().unique()
    return [f"{mark:g}" for mark in sorted({1.0, *(float(mark) for mark in marks)}, reverse=True)]


def has_tuned(store: ResultSource, track: str) -> bool:
    """Whether a track has runs with tuned parameters."""
    return bool(tables(store, track).runs["tuned"].any())


@st.cache_data(max_entries=KEPT, show_spinner=False)
def entries(store: ResultSource, track: str) -> dict[str, str]:
    """entry → its schedule's spec, by name, for every entry of a track."""
    runs = tables(store, track).runs.drop_duplicates("entry")
    return dict(sorted(zip(runs["entry"], runs["schedule"], strict=True)))


def board(store: ResultSource, view: View) -> Board:
    """A ranked board: ranks and p-values are those of all entries, whichever are shown."""
    keep = shown(store, view)
    whole = _board(store, view.whole)
    return hidden(whole, None if keep is None else frozenset(keep))


@st.cache_resource(max_entries=KEPT, show_spinner="Ranking …")
def _board(store: ResultSource, view: View) -> Board:
    return query.board_of(
        at_budget(store, view),
        view.track,
        metric=view.metric,
        target=view.one_target,
        guidance=view.guidance,
        focus=view.focus or None,
        whole_budget=view.budget == FULL,
    )


def why_not_over_targets(store: ResultSource, view: View) -> str:
    """Why the board of a view has no table over all targets; empty where it has one, or there are no two targets."""
    if len(targets(store, view.track)) < 2:
        return ""
    ranked = board(store, view.of(target=ALL_TARGETS))
    if ranked.overall is None:
        return ranked.notes[0] if len(ranked.cells) > 1 else ""
    alone = len(ranked.overall.rows) < 2 <= max(len(cell.rows) for cell in ranked.cells)
    whole = ", ".join(ranked.overall.targets)
    return f"of the entries that are shown none but {ranked.baseline} was run on all of {whole}" if alone else ""


def fullest_target(store: ResultSource, view: View) -> str:
    """The target that most entries of a view have runs of."""
    keep, pairs = shown(store, view), at_budget(store, view).runs[["entry", "target"]].drop_duplicates()
    pairs = pairs if keep is None else pairs[pairs["entry"].isin(keep)]
    counts = pairs["target"].value_counts()
    return max(targets(store, view.track), key=lambda target: int(counts.get(target, 0)))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def runs(store: ResultSource, track: str) -> pd.DataFrame:
    """One row for each run of a track, newest first."""
    return run_views.runs(tables(store, track))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def ranked_runs(store: ResultSource, track: str, target: str) -> pd.DataFrame:
    """The runs that the board of a target is made of, with their `label`."""
    return run_views.ranked_runs(tables(store, track), target)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def marks(store: ResultSource, track: str, targets: tuple[str, ...], metric: str) -> pd.DataFrame:
    """Score against budget in these targets, one below the other: label, seed, mark, value."""
    return plain(pd.concat(run_views.marks_of_targets(tables(store, track), targets, metric)))


@st.cache_data(max_entries=KEPT, show_spinner="Reading curves …")
def losses(store: ResultSource, track: str, run_ids: tuple[str, ...]) -> dict[str, Curve]:
    """run_id → training loss along the steps."""
    return small_curves.losses(store.folder, track, list(run_ids))


@st.cache_data(max_entries=KEPT, show_spinner="Reading densities …")
def learned_densities(store: ResultSource, run_ids: tuple[str, ...]) -> dict[str, Curve]:
    """run_id → p(λ) at the end of training, of schedules that learn."""
    own = [run_id for run_id in run_ids if of_store(run_id)]
    return run_views.learned_densities(store.folder, own) if own else {}


@st.cache_data(max_entries=KEPT, show_spinner="Reading …")
def artifact(store: ResultSource, run_id: str, name: str) -> bytes | None:
    """A file that a run of the store left; None where it has none."""
    return read.artifact(store.folder, run_id, name) if of_store(run_id) else None


def picture(store: ResultSource, track: str, run_id: str, name: str = SAMPLES) -> bytes | None:
    """A picture that a run left; None where it has none. With a published run came its samples at most."""
    grid = released.sample_grid(track, run_id) if name == SAMPLES else None
    return artifact(store, run_id, name) if grid is None else grid.read_bytes()


def may_have_pictures(track: str, run_id: str) -> bool:
    """Whether a run is the store's own, which may have left some, or a published one that some came with."""
    return of_store(run_id) or released.sample_grid(track, run_id) is not None


def of_store(run_id: str) -> bool:
    """Whether a run is the store's own: published ones and those of a bundle are called by where they are from."""
    return ":" not in run_id


@functools.cache
def _nothing() -> Tables:
    """No run and no score."""
    return packed.tables(packed.of_rows([]))
