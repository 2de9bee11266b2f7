"""Delivers result folders to MLflow. Delivering one twice, or after a crash in the middle, leaves one finished run.

Several processes may deliver from one outbox: a folder is delivered by whoever holds its lock, which the system takes
from a process that was killed. Writers of the store's own database take turns. One result that cannot be delivered
holds up no other: what MLflow will never take is set aside, in a folder of the store where nobody looks for results.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from harness.results.errors import in_one_line, is_full, is_refused
from harness.results.read import DELIVERED
from harness.results.result_record import ResultRecord
from harness.results.store import Store
from schedules.errors import UserError

METRICS_A_CALL, PARAMS_A_CALL = 1000, 100
STATUS = {"finished": "FINISHED", "diverged": "FINISHED", "failed": "FAILED", "pruned": "KILLED"}
LEFTOVER_SECONDS = 86400.0
TICK = 0.001
"""Seconds between two runs whose order a clock does not tell."""
WHY = "why.txt"
"""In a folder that was set aside."""


class Damaged(UserError):  # noqa: N818 - names what the folder is
    """A result folder that can never be recorded as it is; it was set aside."""


def deliver(store: Store, folder: Path, wait: float = 0.0) -> str | None:
    """Record one result folder and remove it. The MLflow run's id; None when another process has taken it.

    wait: seconds to wait for a process that is at it

    Damaged for one that was set aside, another UserError for one that stays: it cannot be read, or its experiment was
    deleted.
    """
    with _claimed(folder, wait) as mine:
        if not mine:
            return None
        try:
            record = _read(folder)
            with FileLock(store.root / "mlflow.lock") if store.remote is None else nullcontext():
                run_id = _record(store, folder, record)
        except Damaged as damaged:
            raise Damaged(f"{damaged}; it was set aside, in {_set_aside(store, folder, str(damaged))}") from damaged
        except (PermissionError, shutil.Error) as error:
            if is_full(error):
                raise
            raise UserError(f"result {folder} cannot be recorded: {in_one_line(error)}") from error
        _forget(folder)
        return run_id


def waiting(store: Store) -> list[Path]:
    """Result folders in the outbox, oldest first."""
    folders = [path for path in store.outbox.glob("[!.]*") if _is_result(path)]
    return sorted(folders, key=lambda path: (_changed(path), path.name))


def set_aside(store: Store) -> list[Path]:
    """Result folders of which nothing can be recorded."""
    return sorted(store.set_aside.glob("[!.]*"))


def deliver_all(store: Store, say: Callable[[str], None] = lambda line: None) -> int:
    """Deliver whatever an earlier, interrupted command left in the outbox; the number of folders delivered.

    say: gets a line for each that cannot be delivered
    """
    _tidy(store)
    delivered = 0
    for folder in waiting(store):
        try:
            delivered += deliver(store, folder) is not None
        except UserError as reason:
            say(str(reason))
    return delivered


def _record(store: Store, folder: Path, record: ResultRecord) -> str:
    run_id = None
    try:
        experiment = store.experiment(record.experiment or record.tags["snrbench.track"], create=True)
        if experiment is None:
            raise LookupError(f"MLflow made no experiment for {record.name!r}")
        if (recorded := _already_delivered(store, experiment, record)) is not None:
            return recorded
        client = store.client
        run = client.create_run(experiment, start_time=record.started, tags=record.tags, run_name=record.name)
        run_id = run.info.run_id
        _log(store, experiment, run_id, record)
        client.log_artifacts(run_id, str(folder / "artifacts"))
        client.set_terminated(run_id, STATUS[record.outcome], end_time=record.ended)
        return str(run_id)
    except Exception as error:  # of MLflow's many kinds
        if not is_refused(error):
            raise
        if run_id is not None:
            store.client.delete_run(run_id)
        raise Damaged(f"result {folder} is refused by MLflow: {in_one_line(error)}") from error


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


def _read(folder: Path) -> ResultRecord:
    try:
        record = ResultRecord.model_validate_json((folder / "run.json").read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["run.json", *map(str, first["loc"])])
        raise Damaged(f"result {folder} cannot be read: {where}: {first['msg']}") from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise Damaged(f"result {folder} cannot be read: run.json is no file") from error
    if not (folder / "artifacts").is_dir():
        raise Damaged(f"result {folder} cannot be read: it has no folder artifacts")
    return record


def _set_aside(store: Store, folder: Path, why: str) -> Path:
    """Move a folder to where nobody delivers from."""
    store.set_aside.mkdir(exist_ok=True)
    place = store.set_aside / folder.name
    if place.exists():
        place = place.with_name(f"{folder.name}-{time.time_ns()}")
    os.replace(folder, place)
    with suppress(OSError):
        (place / WHY).write_text(why + "\n")
    return place


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


def _is_result(path: Path) -> bool:
    """Whether a folder is a result; one that this user may not look into may be one, and is named when it is read."""
    try:
        return (path / "run.json").exists()
    except OSError:
        return True


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


def _already_delivered(store: Store, experiment: str, record: ResultRecord) -> str | None:
    """The finished run that this very folder became; an unfinished one is a delivery that was cut off, and goes."""
    runs = store.client.search_runs([experiment], f"tags.`snrbench.delivery` = '{record.delivery}'")
    for run in runs:
        if run.info.status in STATUS.values():
            return str(run.info.run_id)
        store.client.delete_run(run.info.run_id)
    return None


def _log(store: Store, experiment: str, run_id: str, record: ResultRecord) -> None:
    from mlflow.entities import Metric, Param

    timestamp_ms = int(1000 * time.time())
    metrics = [Metric(key, value, timestamp_ms, step) for key, value, step in record.metrics]
    metrics.append(Metric(DELIVERED, _moment(store, experiment, timestamp_ms / 1000), timestamp_ms, 0))
    params = [Param(key, value) for key, value in record.params.items()]
    for start in range(0, len(params), PARAMS_A_CALL):
        store.client.log_batch(run_id, params=params[start : start + PARAMS_A_CALL])
    for start in range(0, len(metrics), METRICS_A_CALL):
        store.client.log_batch(run_id, metrics=metrics[start : start + METRICS_A_CALL])


def _moment(store: Store, experiment: str, timestamp: float) -> float:
    """When a run is recorded, in seconds since the epoch: now, and after all that is recorded, whatever clocks say.

    A clock is set back, and machines that share a server have one each; what counts is which run came last.
    """
    from mlflow.entities import ViewType

    later = store.client.search_runs(
        [experiment], f"metrics.{DELIVERED} >= {timestamp}", ViewType.ALL, 1, [f"metrics.{DELIVERED} DESC"]
    )
    return max([timestamp, *(run.data.metrics[DELIVERED] + TICK for run in later)])
