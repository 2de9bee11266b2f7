"""Small curves of many runs in one read: the training loss as a sparkline, the final ε-error against λ.

Filled as they are asked for, and kept in `<store>/cache/<track>.<quantity>.parquet`: one row for each run, one without
points for a run that has none. So a page of runs reads no history and no artifact a second time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.results import read, sql
from harness.results.store import Store
from leaderboards.data.cache import files
from leaderboards.data.cache.sync import file_of

POINTS = 20
LOSS, EPS_ERROR = "loss", "eps_error"
SCHEMA = pa.schema([("run_id", pa.string()), ("x", pa.list_(pa.float32())), ("y", pa.list_(pa.float32()))])
VERSION = files.version((read, sql), [*SCHEMA.names, str(POINTS)])

Points = tuple[np.ndarray, np.ndarray]
"""x and y, float64 of shape (n,)."""
Reader = Callable[[Path, list[str]], dict[str, Points]]

_in_memory: dict[Path, pa.Table] = {}


def losses(store: Path, track: str, run_ids: Iterable[str]) -> dict[str, Points]:
    """run_id → optimiser steps and training loss in at most 20 points, each the mean of what it stands for."""
    return _lines(store, track, LOSS, run_ids, _read_losses)


def error_curves(store: Path, track: str, run_ids: Iterable[str]) -> dict[str, Points]:
    """run_id → λ and E‖ε − ε̂‖² per dimension at the end of training, on held-out data."""
    return _lines(store, track, EPS_ERROR, run_ids, _read_errors)


def forget(store: Path, track: str) -> None:
    """Have every line read again."""
    for quantity in (LOSS, EPS_ERROR):
        file = file_of(Store(store), track, quantity)
        _in_memory.pop(file, None)
        files.remove(file)


def table_of(lines: dict[str, Points]) -> pa.Table:
    """A table of lines, one row each."""
    xs, ys = ([line[axis].astype(np.float32) for line in lines.values()] for axis in (0, 1))
    return pa.table({"run_id": list(lines), "x": _lists(xs), "y": _lists(ys)}, SCHEMA)


def points_of(table: pa.Table, run_ids: Iterable[str]) -> dict[str, Points]:
    """The lines of these runs, without those that have no points."""
    place = {run_id: row for row, run_id in enumerate(table["run_id"].to_pylist())}
    rows = {run_id: place[run_id] for run_id in run_ids if run_id in place}
    chosen = table.take(list(rows.values())) if rows else table.slice(0, 0)
    lines = zip(rows, *(chosen[axis].to_pylist() for axis in ("x", "y")), strict=True)
    return {run_id: (np.array(x, np.float64), np.array(y, np.float64)) for run_id, x, y in lines if x}


def _lines(store: Path, track: str, quantity: str, run_ids: Iterable[str], reader: Reader) -> dict[str, Points]:
    wanted = list(dict.fromkeys(run_ids))
    file = file_of(Store(store), track, quantity)
    cached = files.read(file, VERSION)
    cached = _in_memory.get(file, SCHEMA.empty_table()) if cached is None else cached
    had = set(cached["run_id"].to_pylist())
    fresh = [run_id for run_id in wanted if run_id not in had]
    if fresh and Store(store).exists:
        read_now = reader(store, fresh)
        nothing: Points = (np.empty(0), np.empty(0))
        cached = pa.concat_tables([cached, table_of({run_id: read_now.get(run_id, nothing) for run_id in fresh})])
        if files.write(file, cached, VERSION):
            _in_memory.pop(file, None)
        else:
            _in_memory[file] = cached
    return points_of(cached, wanted)


def _read_losses(store: Path, run_ids: list[str]) -> dict[str, Points]:
    return {run_id: _thinned(points) for run_id, points in read.histories(store, run_ids, "train/loss").items()}


def _thinned(points: list[tuple[int, float]]) -> Points:
    """At most `POINTS` points: the mean loss of as many stretches, each at its last step."""
    steps, losses = np.array(points, dtype=np.float64).T
    parts = np.array_split(np.arange(len(steps)), min(POINTS, len(steps)))
    return np.array([steps[part[-1]] for part in parts]), np.array([losses[part].mean() for part in parts])


def _read_errors(store: Path, run_ids: list[str]) -> dict[str, Points]:
    curves = {}
    for run_id, content in read.artifacts(store, run_ids, "curves.json").items():
        curve = json.loads(content)
        curves[run_id] = (np.array(curve["logsnr"], np.float64), np.array(curve["eps_error"], np.float64))
    return curves


def _lists(rows: list[np.ndarray]) -> pa.Array:
    return pa.array([row.tolist() for row in rows], pa.list_(pa.float32()))
