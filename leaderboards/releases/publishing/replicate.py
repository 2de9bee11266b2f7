"""Puts runs with fresh seeds, and what they confirmed, beside a release."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from leaderboards.data.cache import sync
from leaderboards.data.released import published_table
from leaderboards.releases.publishing import freezing
from leaderboards.releases.publishing.publish import write_runs
from leaderboards.replication import RUNS, again, refresh


def write(store: Path, track: str, folder: Path) -> None:
    """Write `replication.parquet`, the runs in the columns of the release's results, and `replication.json`."""
    runs = freezing.counting(sync.synchronised(store, track, False, lambda done, total: None), track)
    frozen = freezing.content(store, track, runs).runs
    release = published_table(track)
    run_keys = set(again(release, freezing.as_table(frozen), track).runs["run_key"])
    mask = pa.array([key in run_keys for key in frozen["run_key"].to_pylist()], pa.bool_())
    write_runs(folder / RUNS, frozen.filter(mask))
    refresh(folder, release, track)
