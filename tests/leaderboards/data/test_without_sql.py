"""Plain SQL reads MLflow's tables for speed alone: whatever is not there as expected, MLflow's client says the same.

What is read is told by SQLite itself, which asks an authorizer for each column that a statement reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from harness.results import read, sqlite_file
from harness.results.outcomes import ended
from harness.results.sql import Database
from harness.results.store import Store
from leaderboards.boards import query
from leaderboards.data.cache import lines
from leaderboards.render.formats.json import board as to_json

TRACK = "digits-v1"


@pytest.fixture
def store(real_store) -> Path:
    """Of the store's runs only three, of v with seed 0, the last of which failed."""
    of_v, of_seed, of_edm = (
        f"SELECT run_uuid FROM tags WHERE key = 'snrbench.{key}' AND value {which}"
        for key, which in (("target", "= 'v'"), ("seed", "= '0'"), ("entry", "= 'edm'"))
    )
    with sqlite3.connect(real_store / "mlflow.db") as db:
        db.execute(f"DELETE FROM runs WHERE run_uuid NOT IN ({of_v}) OR run_uuid NOT IN ({of_seed})")
        db.execute(f"UPDATE runs SET status = 'FAILED' WHERE run_uuid IN ({of_edm})")
        db.execute(f"UPDATE tags SET value = 'failed' WHERE key = 'snrbench.outcome' AND run_uuid IN ({of_edm})")
    return real_store


def board(folder: Path) -> str:
    return to_json(query.board_of(query.runs_table(folder, TRACK, rebuild=True), TRACK, target="v"))


def everything(folder: Path) -> dict[str, object]:
    """All that is ever read of a store's runs."""
    store, tables = Store(folder), query.runs_table(folder, TRACK)
    ids = tables.runs["run_id"].tolist()
    losses = lines.losses(folder, TRACK, ids)
    return {
        "board": board(folder),
        "scores": sorted(tables.scores["value"]),
        "experiments": sorted(set(read.experiments(store)) - {"Default"}),
        "finished": read.finished_keys(store, TRACK),
        "ended": sorted(ended(store), key=repr),
        "curves": read.artifacts(folder, ids, "curves.json"),
        "losses": {run_id: (steps.tolist(), values.tolist()) for run_id, (steps, values) in losses.items()},
    }


def each_connection(monkeypatch, change: Callable[[sqlite3.Connection], None]) -> None:
    """Have a look at the database be one after a change that only its own connection sees."""
    original = sqlite_file.opened

    @contextmanager
    def opened(file, how):
        with original(file, how) as connection:
            change(connection)
            yield connection

    monkeypatch.setattr(sqlite_file, "opened", opened)


def without(connection: sqlite3.Connection, table: str, column: str | None) -> None:
    """Hide a column of a table, or all that it has."""
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")]
    remaining = ", ".join(f'"{name}"' for name in columns if column not in (None, name)) or "1 AS hidden"
    connection.execute(f"CREATE TEMP VIEW {table} AS SELECT {remaining} FROM main.{table}")


def columns_read(folder: Path, monkeypatch) -> set[tuple[str, str | None]]:
    """Table and column of everything that plain SQL reads of a store, and each of the tables."""
    columns: set[tuple[str, str | None]] = set()

    def ask(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and table and column:
            columns.add((table, column))
        return sqlite3.SQLITE_OK

    with monkeypatch.context() as patch:
        each_connection(patch, lambda connection: connection.set_authorizer(ask))
        everything(folder)
    mlflows = {"experiments", "latest_metrics", "metrics", "runs", "tags"}
    return {(table, column) for table, column in columns if table in mlflows} | {(table, None) for table in mlflows}


def test_without_any_table_or_column_that_is_read_mlflow_says_the_same(store, monkeypatch):
    wanted, columns = everything(store), columns_read(store, monkeypatch)
    assert len(wanted["curves"]) == len(wanted["losses"]) == len(wanted["finished"]) == 3
    assert {run.outcome for run in wanted["ended"]} == {"finished", "failed"}
    assert len(columns) > 20
    for table, column in sorted(columns, key=repr):
        with monkeypatch.context() as patch:
            each_connection(patch, partial(without, table=table, column=column))
            assert not Database(store / "mlflow.db").as_expected(), (table, column)
            answers = everything(store) if column is None else wanted | {"board": board(store)}
            assert answers == wanted, (table, column)
