"""Reads runs back from MLflow, as one long table and as single artifacts. Never writes, never creates a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pandas as pd

from harness.metrics.keys import parse
from harness.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

PAGE = 1000
TAG = "tags.`snrbench.{}` = '{}'"
RUN_COLUMNS = (
    *("run_key", "run_id", "protocol", "track", "target", "entry", "schedule", "params", "weighting", "apply"),
    *("seed", "outcome", "reason", "diverged_step", "fingerprint", "tuned", "device", "started"),
)
COLUMNS = (*RUN_COLUMNS, "metric", "split", "guidance", "mark", "value")
_TYPES = {"seed": "int64", "diverged_step": "float64", "tuned": "bool", "guidance": "float64", "mark": "float64"}


def read_runs(store: Path | str, track: str, protocol: str | None = None) -> pd.DataFrame:
    """One row for each run × metric × split × guidance × mark of the track's finished and diverged runs.

    A diverged run has one row, with metric "" and value NaN. Values that are not of a split (losses, seconds) have
    split "". protocol None reads every protocol's.
    """
    rows: list[dict[str, Any]] = []
    for run in finished(Store(store), track, protocol):
        rows += _rows(run)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({**_TYPES, "value": "float64"})


def finished(store: Store, track: str, protocol: str | None = None) -> Iterator[Run]:
    """The track's runs that count: FINISHED, with a run key; of several of one key only the newest."""
    rule = "attributes.status = 'FINISHED'"
    if protocol is not None:
        rule += " and " + TAG.format("protocol", protocol)
    seen: set[str] = set()
    for run in search(store, track, rule):
        key = run.data.tags.get("snrbench.run_key")
        if key and key not in seen:
            seen.add(key)
            yield run


def finished_keys(store: Store, track: str) -> set[str]:
    """Run keys that need no running any more."""
    return {run.data.tags["snrbench.run_key"] for run in finished(store, track)}


def search(store: Store, track: str, rule: str = "") -> Iterator[Run]:
    """Runs of the track's experiment that MLflow's filter `rule` takes, newest first."""
    experiment = store.experiment(track) if store.exists else None
    token = None
    while experiment is not None:
        page = store.client.search_runs(
            [experiment], rule, max_results=PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def artifact(store: Path | str, run_id: str, name: str) -> bytes | None:
    """Content of a run's artifact; None when it has no such file."""
    opened = Store(store)
    if not opened.exists:
        return None
    uri = opened.client.get_run(run_id).info.artifact_uri
    if urlparse(uri).scheme in ("", "file"):
        return _local(opened, Path(unquote(urlparse(uri).path)), name)
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            found = download_artifacts(run_id=run_id, artifact_path=name, dst_path=folder, tracking_uri=opened.uri)
        except (MlflowException, OSError):
            return None
        return Path(found).read_bytes()


def history(store: Path | str, run_id: str, metric: str) -> list[tuple[int, float]]:
    """(step, value) of a metric along training."""
    opened = Store(store)
    if not opened.exists:
        return []
    points = opened.client.get_metric_history(run_id, metric)
    return sorted((point.step, point.value) for point in points)


def _local(store: Store, folder: Path, name: str) -> bytes | None:
    # A store that was moved still has its artifacts, at <store>/artifacts/<track>/<run>/artifacts.
    for place in (folder, store.artifacts.joinpath(*folder.parts[-3:])):
        if (place / name).is_file():
            return (place / name).read_bytes()
    return None


def _rows(run: Run) -> list[dict[str, Any]]:
    tags = {key.removeprefix("snrbench."): value for key, value in run.data.tags.items()}
    shared: dict[str, Any] = {column: tags.get(column, "") for column in RUN_COLUMNS}
    shared |= {
        "run_id": run.info.run_id,
        "seed": int(tags["seed"]),
        "diverged_step": float(tags.get("diverged_step", "nan")),
        "tuned": tags.get("tuned") == "true",
        "started": pd.Timestamp(run.info.start_time, unit="ms"),
    }
    nothing = {"metric": "", "split": "", "guidance": float("nan"), "mark": 1.0, "value": float("nan")}
    if tags["outcome"] == "diverged":
        return [{**shared, **nothing}]
    return [{**shared, **nothing, **_cells(key), "value": value} for key, value in run.data.metrics.items()]


def _cells(key: str) -> dict[str, Any]:
    measured = parse(key)
    if measured is None:
        return {"metric": key}
    guidance = float("nan") if measured.guidance is None else measured.guidance
    return {"metric": measured.metric, "split": measured.split, "guidance": guidance, "mark": measured.mark}
