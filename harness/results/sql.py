"""Reads the database of a store's own folder with plain SQL; never writes.

MLflow's search makes objects of every run, its parameters and its metrics: 13 ms a run where this takes 0.2 ms, after
an import of 2.5 s. What is read are the tables and columns that the queries below name. Where one of them is not there
(a later MLflow), `Database.as_expected` says so, and `harness.results.read` asks MLflow instead, as of a server.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results import database, sqlite_file

RUNS_A_QUERY = 500

_RECORDED_AT = "coalesce(delivered.value, runs.start_time / 1000.0)"
_DELIVERED_RUNS = (
    "runs LEFT JOIN latest_metrics AS delivered ON delivered.run_uuid = runs.run_uuid AND delivered.key = 'delivered'"
)
"""Runs with when they were recorded: `_RECORDED_AT`, seconds since the epoch; see `Finished`."""

_EXPERIMENTS = "SELECT name FROM experiments WHERE lifecycle_stage = 'active'"
_DELETED = "SELECT experiment_id, name FROM experiments WHERE lifecycle_stage <> 'active'"
_FINISHED = f"""
SELECT runs.run_uuid, start_time, end_time, {_RECORDED_AT} AS at
FROM {_DELIVERED_RUNS} JOIN experiments USING (experiment_id)
WHERE experiments.name = ? AND status = 'FINISHED' AND runs.lifecycle_stage = 'active'
ORDER BY at DESC, runs.run_uuid"""
_ENDED = f"""
SELECT runs.run_uuid, experiments.name, runs.name, tags.key, tags.value
FROM {_DELIVERED_RUNS} JOIN experiments USING (experiment_id) JOIN tags ON tags.run_uuid = runs.run_uuid
WHERE status IN ('FINISHED', 'FAILED', 'KILLED') AND runs.lifecycle_stage = 'active'
AND tags.key IN ('snrbench.run_key', 'snrbench.outcome', 'snrbench.reason')
ORDER BY {_RECORDED_AT}, runs.run_uuid"""
# CROSS JOIN and the plus have SQLite look up one run after the other, rather than go through every value of a key.
_OF_RUNS = "FROM json_each(?) AS wanted CROSS JOIN {0} ON {0}.run_uuid = wanted.value"
_TAGS = f"SELECT run_uuid, tags.key, tags.value {_OF_RUNS.format('tags')}"
_METRICS = (
    "SELECT run_uuid, latest_metrics.key, CASE WHEN is_nan THEN NULL ELSE latest_metrics.value END"
    f" {_OF_RUNS.format('latest_metrics')}"
)
_HISTORY = (
    "SELECT run_uuid, step, CASE WHEN is_nan THEN NULL ELSE metrics.value END"
    f" {_OF_RUNS.format('metrics')} AND +metrics.key = ? ORDER BY step, timestamp, metrics.value"
)
_ARTIFACTS = f"SELECT run_uuid, artifact_uri {_OF_RUNS.format('runs')}"
_ONE_TAG = f"SELECT run_uuid, tags.value {_OF_RUNS.format('tags')} AND tags.key = ?"
QUERIES = (_EXPERIMENTS, _DELETED, _FINISHED, _ENDED, _TAGS, _METRICS, _HISTORY, _ARTIFACTS, _ONE_TAG)
"""All that are asked: what is not among them is refused, and each must be possible before any is."""


class UnreadableError(Exception):
    """The database cannot be read as it is expected to be."""


@dataclass(frozen=True)
class Finished:
    """A run that finished.

    started, ended: milliseconds since the epoch, by the clock of the machine that it ran on
    recorded:       seconds since the epoch, later than of all that was recorded before it: what orders runs
    """

    run_id: str
    started: int
    ended: int
    recorded: float


@dataclass(frozen=True)
class Recorded:
    """A finished run with what was recorded of it: tags by name, and the last value of each metric."""

    run: Finished
    tags: dict[str, str]
    metrics: dict[str, float]


class Database:
    """MLflow's SQLite file of a store."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def as_expected(self) -> bool:
        """Whether every table and column that is read here is there."""
        try:
            with self._open() as db:
                for query in QUERIES:
                    db.execute(f"EXPLAIN {query}", [""] * query.count("?"))
        except UnreadableError:
            return False
        return True

    def experiments(self) -> list[str]:
        """Names of the experiments that are not deleted."""
        return [name for (name,) in self._rows(_EXPERIMENTS)]

    def deleted_experiments(self) -> dict[str, str]:
        """Name → id of those that are."""
        return {name: str(number) for number, name in self._rows(_DELETED)}

    def finished(self, track: str) -> list[Finished]:
        """The track's finished runs that were not deleted, last recorded first."""
        rows = self._rows(_FINISHED, track)
        return [Finished(run_id, start or 0, end or 0, at or 0.0) for run_id, start, end, at in rows]

    def ended(self) -> list[tuple[str, str, str, str, str]]:
        """run_id, name of the experiment, name of the run, tag and its value, for the tags that say what became of it.

        Of every run that ended and was not deleted, first recorded first.
        """
        return list(self._rows(_ENDED))

    def recorded(self, runs: Iterable[Finished]) -> Iterator[Recorded]:
        """What was recorded of these runs, in their order."""
        for part in _parts(list(runs)):
            ids = json.dumps([run.run_id for run in part])
            tags: dict[str, dict[str, str]] = {run.run_id: {} for run in part}
            metrics: dict[str, dict[str, float]] = {run.run_id: {} for run in part}
            for run_id, key, text in self._rows(_TAGS, ids):
                tags[run_id][key] = text
            for run_id, key, value in self._rows(_METRICS, ids):
                metrics[run_id][key] = _number(value)
            for run in part:
                yield Recorded(run, tags[run.run_id], metrics[run.run_id])

    def tag(self, runs: Iterable[Finished], key: str) -> dict[str, str]:
        """run_id → value of a tag, for the runs that have it."""
        return dict(self._rows(_ONE_TAG, json.dumps([run.run_id for run in runs]), key))

    def histories(self, run_ids: Iterable[str], metric: str) -> dict[str, list[tuple[int, float]]]:
        """run_id → (step, value) along training, for the runs that have any."""
        points: dict[str, list[tuple[int, float]]] = {}
        for run_id, step, value in self._rows(_HISTORY, json.dumps(list(run_ids)), metric):
            points.setdefault(run_id, []).append((step, _number(value)))
        return points

    def artifact_uris(self, run_ids: Iterable[str]) -> dict[str, str]:
        """run_id → where its artifacts were put, for the runs that are there."""
        return dict(self._rows(_ARTIFACTS, json.dumps(list(run_ids))))

    def _rows(self, query: str, *arguments: str) -> Iterator[Any]:
        if query not in QUERIES:
            raise ValueError(f"query {query!r} is not among those that `as_expected` looks at")
        with self._open() as db:
            yield from db.execute(query, arguments)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with sqlite_file.opened(self.file, "look") as connection:
                yield connection
        except sqlite3.OperationalError as error:  # another schema, or a lock
            raise UnreadableError(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise database.damaged(self.file, error) from error


def _parts(runs: list[Finished]) -> Iterator[list[Finished]]:
    for start in range(0, len(runs), RUNS_A_QUERY):
        yield runs[start : start + RUNS_A_QUERY]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
