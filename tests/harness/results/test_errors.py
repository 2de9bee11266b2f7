"""What a database says is told apart by its code: full, held by somebody else, or no database."""

import sqlite3

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from harness.results.errors import is_busy, is_damaged, is_full


def _refused(file, query, **options):
    """What SQLAlchemy raises, as MLflow and Optuna pass it on."""
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 0, **options})
    with pytest.raises(DBAPIError) as refusal, engine.connect() as connection:
        connection.execute(text(query))
    engine.dispose()
    return refusal.value


def test_a_file_that_another_process_holds(tmp_path):
    file = tmp_path / "held.db"
    with sqlite3.connect(file, isolation_level=None) as holder:
        holder.execute("CREATE TABLE t (x)")
        holder.execute("BEGIN EXCLUSIVE")
        error = _refused(file, "INSERT INTO t VALUES (1)")
    holder.close()
    assert (is_busy(error), is_full(error), is_damaged(error)) == (True, False, False)


def test_a_file_that_is_no_database(tmp_path):
    file = tmp_path / "text.db"
    file.write_text("not a database, whatever its name says" * 100)
    error = _refused(file, "SELECT * FROM t")
    assert (is_busy(error), is_full(error), is_damaged(error)) == (False, False, True)


def test_a_disk_that_takes_no_more(tmp_path):
    connection = sqlite3.connect(tmp_path / "small.db")
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError) as refusal:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    error = refusal.value
    assert (is_busy(error), is_full(error), is_damaged(error)) == (False, True, False)
