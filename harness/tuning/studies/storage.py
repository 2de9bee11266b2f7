"""Optuna's storage: `optuna.db` in the store, or the database that SNRBENCH_OPTUNA names; both hold ordinary studies.

SQLite is opened so that several processes can write: a write-ahead log, transactions that take their lock at once, and
a minute of patience. The tables are made by one process at a time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from harness.execution.stop_signals import Halt, StoreFull
from harness.results import sqlite_file
from harness.results.errors import is_damaged, is_full
from harness.results.store import Store
from harness.tuning.sampling import quiet
from harness.tuning.studies.locks import FileLocks, Locks, PostgresLocks, exclusive
from schedules.errors import UserError, text_of

VARIABLE = "SNRBENCH_OPTUNA"
FILE, LOCKS = "optuna.db", "study-locks"
PATIENT = {"connect_args": {"timeout": sqlite_file.WAIT, "isolation_level": "IMMEDIATE"}}
TROUBLE = (SQLAlchemyError, sqlite3.Error, OSError, StorageInternalError)
"""What a database raises that cannot be used, or no more."""


def place(store: Store) -> Path | URL:
    """Where the studies are: a file, or a server. UserError for a database that is neither PostgreSQL nor SQLite."""
    setting = os.environ.get(VARIABLE)
    if not setting:
        return store.root / FILE
    try:
        url = make_url(setting)
        kind = url.get_backend_name()
    except ArgumentError:
        raise UserError(f"{VARIABLE} holds no database URL; expected postgresql://user@host/database") from None
    if kind not in ("postgresql", "sqlite"):
        raise UserError(f"{VARIABLE} names a {kind} database; expected postgresql://user@host/database")
    if kind == "sqlite":
        return Path(url.database or FILE).absolute()
    if url.drivername == "postgresql":  # SQLAlchemy's versions differ in the driver that they then take
        return url.set(drivername=f"postgresql+{'psycopg' if find_spec('psycopg') else 'psycopg2'}")
    return url


def open_storage(store: Store) -> tuple[RDBStorage, Locks]:
    """The storage and the locks that go with it. UserError when the database cannot be used."""
    location = place(store)
    with _explained(location):
        if isinstance(location, URL):
            locks: Locks = PostgresLocks(sqlalchemy.create_engine(location, poolclass=sqlalchemy.NullPool))
            with exclusive(locks, "tables"):
                return _storage(_text(location), {"pool_pre_ping": True}), locks
        location.parent.mkdir(parents=True, exist_ok=True)
        (location.parent / LOCKS).mkdir(exist_ok=True)
        locks = FileLocks(location.parent / LOCKS)
        with exclusive(locks, "tables"):
            if not _holds_anything(location):
                sqlite_file.make_whole(location, lambda file: _storage(sqlite_file.url(file), {}).engine.dispose())
            storage = _storage(sqlite_file.url(location), PATIENT)
        event.listen(storage.engine, "connect", _wait_less)
        storage.engine.dispose()
        return storage, locks


def open_to_read(store: Store) -> RDBStorage | None:
    """The storage for a look; None where there is none. Nothing is created. UserError when it cannot be read."""
    location = place(store)
    if isinstance(location, Path) and not _holds_anything(location):
        return None
    with _explained(location):
        if isinstance(location, URL) and not _has_tables(location):
            return None
        text = _text(location) if isinstance(location, URL) else sqlite_file.reading_url(location)
        return _storage(text, {}, skip_table_creation=True)


def check(store: Store) -> None:
    """UserError for a database that `open_storage` could not use, as far as a look tells. Nothing is created."""
    if (storage := open_to_read(store)) is not None:
        storage.engine.dispose()


def _holds_anything(file: Path) -> bool:
    """Whether something is there, a folder too, so that opening it says what is wrong."""
    return file.exists() and not (file.is_file() and file.stat().st_size == 0)


def _has_tables(server: URL) -> bool:
    """Whether Optuna has made its tables there: the first study's command does."""
    engine = sqlalchemy.create_engine(server, poolclass=sqlalchemy.NullPool)
    return sqlalchemy.inspect(engine).has_table("version_info")


def ends(error: Exception) -> Halt:
    """What a command ends with when one of `TROUBLE` comes in the middle of its work."""
    if is_full(error):
        return StoreFull(_reason(error))
    return Halt(
        1,
        f"the studies' database does not answer: {_reason(error)}. "
        "What is finished is kept, and the same command goes on from here",
    )


def _storage(url: str, options: dict[str, Any], skip_table_creation: bool = False) -> RDBStorage:
    with quiet():
        return RDBStorage(url, engine_kwargs=options, skip_table_creation=skip_table_creation)


def _text(server: URL) -> str:
    # RDBStorage fills in {…} in what it is given.
    return server.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")


def _wait_less(connection: Any, _record: object) -> None:
    # For the disk at checkpoints only: a power cut can cost the last moments, never the file.
    connection.execute("PRAGMA synchronous=NORMAL")


@contextlib.contextmanager
def _explained(place: Path | URL) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        how = "pip install -e '.[postgres]' where snrbench was cloned"
        raise UserError(f"{VARIABLE} needs a driver ({error}); {how}") from error
    except TROUBLE as error:
        line = _reason(error)
        remedy = ""
        if isinstance(place, Path) and is_damaged(error):
            remedy = "; restore a backup of it, or delete it: its studies begin anew, with the runs that MLflow has"
        name = place.render_as_string() if isinstance(place, URL) else place  # without its password
        raise UserError(f"the studies' database {name} cannot be used: {line}{remedy}") from error


def _reason(error: BaseException) -> str:
    cause = (error.__cause__ or error) if isinstance(error, StorageInternalError) else error
    return text_of(getattr(cause, "orig", None) or cause)
