"""Reads runs back from MLflow, as one long table and as single artifacts. Never writes, never creates a store.

The database of the store's own folder is read by `harness.results.sql`, a server through MLflow's client.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pandas as pd

from harness.metrics.keys import parse
from harness.results import artifact_places
from harness.results.sql import Database, Finished, Recorded
from harness.results.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

PAGE = 1000
FINISHED = "attributes.status = 'FINISHED'"
DELIVERED = "delivered"
"""A metric of each run: when it was recorded, seconds since the epoch; later than of any recorded before it."""
LAST_FIRST = [f"metrics.{DELIVERED} DESC", "attributes.start_time DESC"]
RUN_COLUMNS = (
    *("run_key", "run_id", "protocol", "track", "target", "entry", "schedule", "params", "weighting", "apply"),
    *("seed", "outcome", "reason", "diverged_step", "fingerprint", "track_fingerprint", "tuned", "tuned_from"),
    *("trials", "tuning_seconds", "device", "hardware", "host", "started", "recorded"),
)
COLUMNS = (*RUN_COLUMNS, "metric", "split", "guidance", "mark", "value")
_TYPES = {
    **{"seed": "int64", "tuned": "bool", "started": "datetime64[ms]", "recorded": "float64"},
    **dict.fromkeys(("diverged_step", "trials", "tuning_seconds", "guidance", "mark", "value"), "float64"),
}
NOTHING: dict[str, Any] = {"metric": "", "split": "", "guidance": float("nan"), "mark": 1.0, "value": float("nan")}
"""The one row of a diverged run, which has no score."""


def read_runs(store: Path | str, track: str, protocol: str | None = None) -> pd.DataFrame:
    """One row for each run × metric × split × guidance × mark of the track's finished and diverged runs.

    A diverged run has one row, with metric "" and value NaN. Values that are not of a split (losses, seconds) have
    split "". protocol None reads every protocol's.
    """
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    opened = Store(store)
    for run in recorded(opened, listing(opened, track), track) if opened.exists else ():
        key = run.tags.get("snrbench.run_key")
        if key and key not in seen and protocol in (None, run.tags.get("snrbench.protocol")):
            seen.add(key)
            shared = facts(run)
            rows += [{**shared, **NOTHING, **cells(key), "value": value} for key, value in values(run).items()]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(_TYPES)


def listing(store: Store, track: str) -> list[Finished] | None:
    """The track's finished runs, last recorded first, in microseconds each; None where only MLflow can tell."""
    database = database_of(store)
    return None if database is None else database.finished(track)


def recorded(
    store: Store, runs: list[Finished] | None, track: str = "", since: float | None = None
) -> Iterator[Recorded]:
    """What was recorded of these runs.

    runs:  as `listing` gave them; None asks MLflow for all of `track`, last recorded first
    since: seconds since the epoch; of those that MLflow is asked for, only what was delivered then or later
    """
    if runs is not None:
        yield from Database(store.database).recorded(runs)
        return
    news = "" if since is None else f" and metrics.{DELIVERED} >= {since}"
    for run in search(store, track, FINISHED + news):
        yield of_mlflow(run)


def of_mlflow(run: Run) -> Recorded:
    """MLflow's own object of a run as ours."""
    info, metrics = run.info, dict(run.data.metrics)
    started = info.start_time or 0
    finished = Finished(info.run_id, started, info.end_time or 0, metrics.get(DELIVERED, started / 1000))
    return Recorded(finished, dict(run.data.tags), metrics)


def facts(run: Recorded) -> dict[str, Any]:
    """What the columns `RUN_COLUMNS` say of a run."""
    tags = {key.removeprefix("snrbench."): value for key, value in run.tags.items()}
    return {column: tags.get(column, "") for column in RUN_COLUMNS} | {
        "run_id": run.run.run_id,
        "seed": int(tags["seed"]),
        "tuned": tags.get("tuned") == "true",
        "started": pd.Timestamp(run.run.started, unit="ms"),
        "recorded": run.run.recorded,
        **{name: float(tags.get(name, "nan")) for name in ("diverged_step", "trials", "tuning_seconds")},
    }


def values(run: Recorded) -> dict[str, float]:
    """MLflow key → last value; of a diverged run only that there is none, under the key ""."""
    if run.tags["snrbench.outcome"] == "diverged":
        return {"": float("nan")}
    return {key: value for key, value in run.metrics.items() if key != DELIVERED}


def cells(key: str) -> dict[str, Any]:
    """The columns metric, split, guidance and mark that a key stands for."""
    measured = parse(key)
    if measured is None:
        return {**NOTHING, "metric": key}
    guidance = float("nan") if measured.guidance is None else measured.guidance
    return {"metric": measured.metric, "split": measured.split, "guidance": guidance, "mark": measured.mark}


def finished_keys(store: Store, track: str) -> set[str]:
    """Run keys that need no running any more."""
    database = database_of(store)
    if database is not None:
        return set(database.tag(database.finished(track), "snrbench.run_key").values())
    keys = (run.data.tags.get("snrbench.run_key") for run in search(store, track, FINISHED))
    return {key for key in keys if key}


def experiments(store: Store) -> list[str]:
    """Names of the experiments that a store holds; [] of one that is not there."""
    database = database_of(store)
    if database is not None:
        return database.experiments()
    return [experiment.name for experiment in store.client.search_experiments()] if store.exists else []


def check_active(store: Store, names: Iterable[str]) -> None:
    """UserError where MLflow holds one of these experiments as deleted, so that it would take no run."""
    database = database_of(store)
    if database is not None:
        held = database.deleted_experiments()
    elif store.exists:
        experiments = filter(None, map(store.client.get_experiment_by_name, names))
        held = {each.name: each.experiment_id for each in experiments if each.lifecycle_stage != "active"}
    else:
        held = {}
    for name in names:
        if name in held:
            raise store.experiment_is_deleted(name, held[name])


def deleted(store: Store, track: str) -> list[str]:
    """Ids of the track's runs that were deleted and not yet erased."""
    from mlflow.entities import ViewType

    return [run.info.run_id for run in search(store, track, view=ViewType.DELETED_ONLY)]


def search(store: Store, track: str, rule: str = "", view: int | None = None) -> Iterator[Run]:
    """Runs of the track's experiment that MLflow's filter `rule` takes, last recorded first.

    view: one of MLflow's `ViewType`s; those that were not deleted, unless it says otherwise
    """
    which = {} if view is None else {"run_view_type": view}
    experiment = store.experiment(track) if store.exists else None
    token = None
    while experiment is not None:
        page = store.client.search_runs(
            [experiment], rule, max_results=PAGE, order_by=LAST_FIRST, page_token=token, **which
        )
        yield from page
        token = page.token
        if not token:
            return


def artifact(store: Path | str, run_id: str, name: str) -> bytes | None:
    """Content of a run's artifact; None when it has no such file."""
    return artifacts(store, [run_id], name).get(run_id)


def artifacts(store: Path | str, run_ids: Iterable[str], name: str) -> dict[str, bytes]:
    """run_id → content of the artifact of that name, for the runs that have it."""
    opened = Store(store)
    if not opened.exists:
        return {}
    database = database_of(opened)
    if database is None:
        places = {run_id: opened.client.get_run(run_id).info.artifact_uri for run_id in run_ids}
    else:
        places = database.artifact_uris(run_ids)
    contents = {run_id: _content(opened, run_id, place, name) for run_id, place in places.items()}
    return {run_id: content for run_id, content in contents.items() if content is not None}


def histories(store: Path | str, run_ids: Iterable[str], metric: str) -> dict[str, list[tuple[int, float]]]:
    """run_id → (step, value) of a metric along training, for the runs that have any."""
    opened = Store(store)
    if not opened.exists:
        return {}
    database = database_of(opened)
    if database is not None:
        return database.histories(run_ids, metric)
    series = {run_id: opened.client.get_metric_history(run_id, metric) for run_id in run_ids}
    return {
        run_id: sorted((point.step, point.value) for point in points) for run_id, points in series.items() if points
    }


def database_of(store: Store) -> Database | None:
    """The database of the store's own folder; None where only MLflow can read, or there is nothing to read."""
    if store.remote is not None or not store.exists:
        return None
    store.check_format()
    database = Database(store.database)
    return database if database.as_expected() else None


def _content(store: Store, run_id: str, uri: str, name: str) -> bytes | None:
    if urlparse(uri).scheme in ("", "file"):
        return _local(store, uri, name)
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            downloaded = download_artifacts(run_id=run_id, artifact_path=name, dst_path=folder, tracking_uri=store.uri)
        except (MlflowException, OSError):
            return None
        return Path(downloaded).read_bytes()


def _local(store: Store, uri: str, name: str) -> bytes | None:
    # The store's own first: the other address may be that of the store which this one is a copy of.
    for place in (artifact_places.of_run(store.artifacts, uri), Path(unquote(urlparse(uri).path))):
        if place is not None and (place / name).is_file():
            return (place / name).read_bytes()
    return None
