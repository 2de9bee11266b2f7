"""Curves of many runs for a page, of a store or released: training loss as a sparkline, ε-error against λ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from leaderboards.boards.run_views import Curve
from leaderboards.data.cache import lines
from leaderboards.data.released import PREFIX, published_lines


def losses(store: Path, track: str, run_ids: Iterable[str]) -> dict[str, Curve]:
    """run_id → optimiser steps and training loss in at most 20 points, for the runs that have any."""
    return _curves(store, track, run_ids, lines.LOSS, lines.losses)


def error_curves(store: Path, track: str, run_ids: Iterable[str]) -> dict[str, Curve]:
    """run_id → λ and the held-out ε-error per dimension at the end of training, for the runs that have it."""
    return _curves(store, track, run_ids, lines.EPS_ERROR, lines.error_curves)


def _curves(
    store: Path,
    track: str,
    run_ids: Iterable[str],
    quantity: str,
    own: Callable[[Path, str, Iterable[str]], dict[str, lines.Points]],
) -> dict[str, Curve]:
    wanted = list(run_ids)
    released = [run_id for run_id in wanted if run_id.startswith(PREFIX)]
    points_of = own(store, track, (run_id for run_id in wanted if not run_id.startswith(PREFIX)))
    if released:
        points_of |= published_lines(track, quantity, released)
    return {run_id: Curve(*points) for run_id, points in points_of.items()}
