"""Delivers result folders to MLflow. Delivering one twice, or after a crash in the middle, leaves one finished run."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from harness.tracking.store import Store

METRICS_A_CALL, PARAMS_A_CALL = 1000, 100
STATUS = {"finished": "FINISHED", "diverged": "FINISHED", "failed": "FAILED"}


def deliver(store: Store, folder: Path) -> str:
    """Record one result folder and remove it. Returns the MLflow run's id."""
    record = json.loads((folder / "run.json").read_text())
    experiment = store.experiment(record["track"], create=True)
    assert experiment is not None
    client, run_id = store.client, _already_delivered(store, experiment, record)
    if run_id is None:
        run = client.create_run(experiment, start_time=record["started"], tags=record["tags"], run_name=record["name"])
        run_id = run.info.run_id
        _log(store, run_id, record)
        client.log_artifacts(run_id, str(folder / "artifacts"))
        client.set_terminated(run_id, STATUS[record["outcome"]], end_time=record["ended"])
    shutil.rmtree(folder)
    return str(run_id)


def deliver_all(store: Store) -> int:
    """Deliver whatever an earlier, interrupted command left in the outbox; the number of folders delivered."""
    waiting = sorted(path for path in store.outbox.glob("*") if (path / "run.json").exists())
    for folder in waiting:
        deliver(store, folder)
    return len(waiting)


def _already_delivered(store: Store, experiment: str, record: dict[str, Any]) -> str | None:
    """The finished run that this very folder became; an unfinished one is a delivery that was cut off, and goes."""
    wanted = record["tags"]["snrbench.delivery"]
    found = store.client.search_runs([experiment], f"tags.`snrbench.delivery` = '{wanted}'")
    for run in found:
        if run.info.status in STATUS.values():
            return str(run.info.run_id)
        store.client.delete_run(run.info.run_id)
    return None


def _log(store: Store, run_id: str, record: dict[str, Any]) -> None:
    from mlflow.entities import Metric, Param

    now = int(1000 * time.time())
    metrics = [Metric(key, value, now, step) for key, value, step in record["metrics"]]
    params = [Param(key, value) for key, value in record["params"].items()]
    for start in range(0, len(params), PARAMS_A_CALL):
        store.client.log_batch(run_id, params=params[start : start + PARAMS_A_CALL])
    for start in range(0, len(metrics), METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])
