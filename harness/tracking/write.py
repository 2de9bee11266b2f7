"""Delivers result folders to MLflow. Delivering one twice, or after a crash in the middle, leaves one finished run.

Several processes may deliver from one outbox: a folder is delivered by whoever holds its lock, which the system takes
from a process that was killed. Writers of the store's own database take turns.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harness.tracking.read import DELIVERED
from harness.tracking.store import Store
from schedules.errors import UserError

METRICS_A_CALL, PARAMS_A_CALL = 1000, 100
STATUS = {"finished": "FINISHED", "diverged": "FINISHED", "failed": "FAILED", "pruned": "KILLED"}
LEFTOVER_SECONDS = 86400.0


class Damaged(UserError):  # noqa: N818 - names what the folder is
    """A result folder that cannot be read."""


def deliver(store: Store, folder: Path, wait: float = 0.0) -> str | None:
    """Record one result folder and remove it. The MLflow run's id; None when another process has taken it.

    wait: seconds to wait for a process that is at it
    """
    with _claimed(folder, wait) as mine:
        if not mine:
            return None
        record = _read(folder)
        with FileLock(store.root / "mlflow.lock") if store.remote is None else nullcontext():
            run_id = _record(store, folder, record)
        _forget(folder)
        return run_id


def waiting(store: Store) -> list[Path]:
    """Result folders in the outbox, oldest first."""
    found = [path for path in store.outbox.glob("[!.]*") if (path / "run.json").exists()]
    return sorted(found, key=lambda path: (_changed(path), path.name))


def deliver_all(store: Store) -> int:
    """Deliver whatever an earlier, interrupted command left in the outbox; the number of folders delivered."""
    _tidy(store)
    delivered = 0
    for folder in waiting(store):
        try:
            delivered += deliver(store, folder) is not None
        except Damaged:
            continue
    return delivered


def _record(store: Store, folder: Path, record: dict[str, Any]) -> str:
    experiment = store.experiment(record.get("experiment") or record["track"], create=True)
    if experiment is None:
        raise LookupError(f"MLflow made no experiment for {record['name']!r}")
    client, run_id = store.client, _already_delivered(store, experiment, record)
    if run_id is None:
        run = client.create_run(experiment, start_time=record["started"], tags=record["tags"], run_name=record["name"])
        run_id = run.info.run_id
        _log(store, run_id, record)
        client.log_artifacts(run_id, str(folder / "artifacts"))
        client.set_terminated(run_id, STATUS[record["outcome"]], end_time=record["ended"])
    return str(run_id)


@contextmanager
def _claimed(folder: Path, wait: float) -> Iterator[bool]:
    locks = folder.parent / ".locks"
    file = locks / f"{folder.name}.lock"
    try:
        locks.mkdir(exist_ok=True)
        with FileLock(file, timeout=wait):
            # Whoever had it before may have delivered it.
            yield folder.exists()
            if not folder.exists():
                file.unlink(missing_ok=True)
    except Timeout:
        yield False


def _read(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_text())
        missing = {"name", "outcome", "tags", "params", "metrics"} - record.keys()
        if missing:
            raise ValueError(f"run.json has no {', '.join(sorted(missing))}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Damaged(f"result {folder} cannot be read: {type(error).__name__}: {error}") from error
    return record


def _forget(folder: Path) -> None:
    """At once for everybody else: a folder that is half removed must not be taken for a result."""
    gone = folder.with_name(f".{folder.name}.delivered")
    os.replace(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def _tidy(store: Store) -> None:
    """Remove what killed processes left: delivered folders, and half-written ones that nobody can still be writing."""
    for path in store.outbox.glob(".*.delivered"):
        shutil.rmtree(path, ignore_errors=True)
    for path in store.outbox.glob(".*.partial"):
        if time.time() - _changed(path) > LEFTOVER_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


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
    metrics.append(Metric(DELIVERED, now / 1000, now, 0))
    params = [Param(key, value) for key, value in record["params"].items()]
    for start in range(0, len(params), PARAMS_A_CALL):
        store.client.log_batch(run_id, params=params[start : start + PARAMS_A_CALL])
    for start in range(0, len(metrics), METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])
