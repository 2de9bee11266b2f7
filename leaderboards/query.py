"""From the names a user typed to a board: resolves track, metric, target and guidance, and reads the runs."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from harness import tracks
from harness.metrics.catalog import METRICS, Metric
from harness.tracking.read import read_runs
from harness.tracks.track import Track
from leaderboards.board import board
from leaderboards.rows import Board
from leaderboards.scores import Guidance
from schedules.errors import UserError, unknown

FEATURE_METRICS = frozenset({"fd", "kd", "kd_se", "fd_own_grid", "fd_resampled", "precision", "recall", "memorised"})
"""Metrics that are measured in the track's feature space, which the legend names."""


def open_board(
    store: Path,
    track: str,
    *,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
    protocol: str | None = None,
) -> Board:
    """The board of what a store holds: `runs_table`, then `board_of`, with names checked before anything is read."""
    found = tracks.get(track)
    _checked(found, metric, target, guidance)
    return board_of(runs_table(store, track), track, metric=metric, target=target, guidance=guidance, protocol=protocol)


def runs_table(store: Path, track: str) -> pd.DataFrame:
    """The long table of a track's runs, of every protocol: run × metric × split × guidance × mark.

    UserError for a store that does not exist; reading never makes one.
    """
    if not store.is_dir() and "MLFLOW_TRACKING_URI" not in os.environ:
        raise UserError(f"no store at {store}; `snrbench run {track} -s cosine -s laplace` makes one")
    return read_runs(store, track, None)


def board_of(
    table: pd.DataFrame,
    track: str,
    *,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
    protocol: str | None = None,
) -> Board:
    """The board of a table that was read before; see `leaderboards.board.board`.

    metric:   None takes the track's primary one
    guidance: "best" or one of the track's scales, as text or number

    A table without runs of the track gives a board without sections. UserError for an unknown name, with the nearest
    ones, and for a metric that no run of the track recorded.
    """
    found = tracks.get(track)
    measure, scale = _checked(found, metric, target, guidance)
    recorded = sorted(set(table["metric"]) & set(METRICS))
    if recorded and measure.name not in recorded:
        raise UserError(f"no run of {track} recorded {measure.name!r}; it has {', '.join(recorded)}")
    return board(
        table,
        track=track,
        metric=measure,
        guidance=scale,
        target=target,
        protocol=protocol,
        floor=tracks.card(track).get("floors", {}).get(measure.name),
        features=found.feature_space if measure.name in FEATURE_METRICS else "",
    )


def hint(store: Path, track: str, target: str | None = None) -> str:
    """What to run when a board is empty, in one line."""
    where = f" -t {target}" if target else ""
    return f"no runs of {track}{where} in {store}; first: snrbench run {track} -s cosine -s laplace{where}"


def _checked(track: Track, metric: str | None, target: str | None, guidance: str | float) -> tuple[Metric, Guidance]:
    name = metric or track.primary_metric
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    if target is not None and target not in track.targets:
        raise unknown("target", target, track.targets)
    return METRICS[name], _scale(guidance, track)


def _scale(guidance: str | float, track: Track) -> Guidance:
    if guidance == "best":
        return "best"
    try:
        wanted = float(guidance)
    except ValueError:
        wanted = float("nan")
    for scale in track.guidance:
        if abs(scale - wanted) < 1e-9:
            return scale
    raise unknown("guidance", str(guidance), ["best", *(f"{scale:g}" for scale in track.guidance)])
