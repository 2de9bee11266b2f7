"""A track's runs, brought up to date with what MLflow holds at the cost of what has changed.

A store's own database is asked for the id and the times of every finished run (two milliseconds per thousand), which is
compared with what the file has: what is new or was changed is read, what is gone goes. A server is asked for what was
delivered since the file's newest run, and for what was deleted; what an administrator has erased for good is noticed by
a rebuild only. A store that can't be written is kept up to date in memory.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harness.metrics import keys
from harness.results import read, sql
from harness.results.store import Store
from leaderboards.data.cache import files, packed
from leaderboards.data.tables import Tables

VERSION = files.version((read, sql, keys, packed), packed.SCHEMA.names)
LATE = 600.0
"""Seconds that a delivery may take, beside others, before a server's run is overlooked."""
Progress = Callable[[int, int | None], None]
"""Is told how many runs have been read, of how many; None where that is unknown."""

_in_memory: dict[Path, pa.Table] = {}


def tables(store: Path, track: str, rebuild: bool = False, on_progress: Progress = lambda done, total: None) -> Tables:
    """A track's runs, newest first, and their scores."""
    return packed.tables(packed.newest(synchronised(store, track, rebuild, on_progress)))


def synchronised(store: Path, track: str, rebuild: bool, on_progress: Progress) -> pa.Table:
    """One row for each finished run of the track, whatever its run key."""
    opened = Store(store)
    if not opened.exists:
        return packed.of_rows([])
    file = file_of(opened, track, "runs")
    cached = None if rebuild else files.read(file, VERSION)
    cached = _in_memory.get(file) if cached is None and not rebuild else cached
    listed = read.listing(opened, track)
    if listed is None:
        current = _from_server(opened, track, cached, on_progress)
    else:
        current = _from_database(opened, track, cached, listed, on_progress)
    if current is not cached:
        if files.write(file, current, VERSION):
            _in_memory.pop(file, None)
        else:
            _in_memory[file] = current
    return current


def state(store: Path, track: str) -> str:
    """Changes with the runs of the track that count; for a server, which can't be asked cheaply, with the minute."""
    opened = Store(store)
    listed = read.listing(opened, track)
    return f"minute {time.time() // 60:.0f}" if listed is None else hashlib.sha256(repr(listed).encode()).hexdigest()


def file_of(store: Store, track: str, what: str) -> Path:
    """Where a table of a track is kept; a server's apart from the folder's own."""
    server = "" if store.remote is None else f"@{hashlib.sha256(store.remote.encode()).hexdigest()[:12]}"
    return store.root / "cache" / f"{track}{server}.{what}.parquet"


def _from_database(
    store: Store, track: str, cached: pa.Table | None, listed: list[sql.Finished], on_progress: Progress
) -> pa.Table:
    cached = packed.of_rows([]) if cached is None else cached
    there = {run.run_id: run for run in listed}
    started = pc.cast(cached["started"], pa.int64()).to_pylist()
    ended, at = (cached[name].to_pylist() for name in (packed.ENDED, packed.RECORDED))
    had = map(sql.Finished, cached["run_id"].to_pylist(), started, ended, at)
    same = [there.get(run.run_id) == run for run in had]
    unchanged = {run_id for run_id, stays in zip(cached["run_id"].to_pylist(), same, strict=True) if stays}
    fresh = [run for run in listed if run.run_id not in unchanged]
    if not fresh and all(same):
        return cached
    return packed.joined([cached.filter(pa.array(same, pa.bool_())), _packed(store, fresh, track, None, on_progress)])


def _from_server(store: Store, track: str, cached: pa.Table | None, on_progress: Progress) -> pa.Table:
    cached = packed.of_rows([]) if cached is None else cached
    last = pc.max(cached[packed.RECORDED]).as_py()
    fresh = _packed(store, None, track, None if last is None else last - LATE, on_progress)
    gone = set(read.deleted(store, track)) | set(fresh["run_id"].to_pylist())
    stays = pa.array([run_id not in gone for run_id in cached["run_id"].to_pylist()], pa.bool_())
    return packed.joined([cached.filter(stays), fresh])


def _packed(
    store: Store, runs: list[sql.Finished] | None, track: str, since: float | None, on_progress: Progress
) -> pa.Table:
    done, total = 0, None if runs is None else len(runs)

    def count() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    return packed.pack(read.recorded(store, runs, track, since), count)
