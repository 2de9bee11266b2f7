"""Puts runs with fresh seeds, and what they confirmed, beside a release."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from leaderboards.data.cache import sync
from leaderboards.data.released import published_table
from leaderboards.releases.publishing import freezing
from leaderboards.releases.publishing.publish import write_runs
from leaderboards.replication import REPORT, RUNS, Replication, again


def write(store: Path, found: Replication, folder: Path) -> None:
    """Write `replication.parquet`, the runs in the columns of the release's results, and `replication.json`."""
    runs = freezing.counting(sync.synchronised(store, found.track, False, lambda done, total: None), found.track)
    frozen = freezing.content(store, found.track, runs).runs
    run_keys = set(again(published_table(found.track), freezing.as_table(frozen), found.track).runs["run_key"])
    mask = pa.array([key in run_keys for key in frozen["run_key"].to_pylist()], pa.bool_())
    write_runs(folder / RUNS, frozen.filter(mask))
    (folder / REPORT).write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
