"""An SQLite file of a store: its address whatever its path, how it is opened for a look, how it comes into being.

MLflow and Optuna each want SQLAlchemy's address of a file. Both misread some paths: one that holds `?` or `{0}`, say.
SQLite's own address of a file, percent-encoded, has none of these characters.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote

WAIT = 60.0
"""Seconds that another process may hold a file."""
BESIDE = ("-journal", "-wal", "-shm")
"""Files that SQLite keeps beside a database, by what their names end with."""
NEW = ".new"
"""What the name of a database ends with while it is made."""


def url(file: Path) -> str:
    """SQLAlchemy's address of a file that is read and written; the plain one where the path allows it."""
    plain = quote(bytes(file), safe="/") == str(file)
    return f"sqlite:///{file}" if plain else _url(file, "mode=rwc")


def reading_url(file: Path) -> str:
    """SQLAlchemy's address of a file that is only looked at: nothing beside it changes, and it need not be writable."""
    return _url(file, _mode(file))


@contextmanager
def opened(file: Path, mode: str = "rwc") -> Iterator[sqlite3.Connection]:
    """A connection, closed at the end. mode: SQLite's; "look" chooses one that leaves all as it is."""
    how = _mode(file) if mode == "look" else f"mode={mode}"
    with closing(sqlite3.connect(f"{_address(file)}?{how}", uri=True, timeout=WAIT)) as connection:
        yield connection


def make_whole(file: Path, fill: Callable[[Path], None]) -> None:
    """Have a database appear with all that `fill` writes into it, or not at all; one that is there is replaced.

    Call it under a lock. What an earlier attempt left is removed. fill: gets the path to write to, and leaves no
    connection open
    """
    # A name of its own: libraries keep connections to a file by its address, also to one that is gone.
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}{NEW}")
    for leftover in file.parent.glob(f"{file.name}.*{NEW}*"):
        leftover.unlink()
    try:
        with _hurrying(beside):
            fill(beside)
        with opened(beside, "rw") as connection:
            # Readers and writers of other processes do not wait for each other in this mode; the file keeps it.
            connection.execute("PRAGMA journal_mode=WAL")
        _write_out(beside)
        # A log that stays would be merged into the file that takes the place of its own.
        _remove_beside(file)
        os.replace(beside, file)
    finally:
        _remove(beside)


@contextmanager
def _hurrying(file: Path) -> Iterator[None]:
    """SQLAlchemy's connections to this file wait for no disk meanwhile.

    MLflow makes its tables in seventy transactions, each of which would wait, seconds in all. What a crash of the
    machine leaves of the file is thrown away anyway.
    """
    from sqlalchemy import Engine, event

    def hurry(connection: object, record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            _, _, path = connection.execute("PRAGMA database_list").fetchone()
            if Path(path).name == file.name:
                connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", hurry)
    try:
        yield
    finally:
        event.remove(Engine, "connect", hurry)


def _write_out(file: Path) -> None:
    """Wait until the disk has it."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    _remove_beside(file)


def _remove_beside(file: Path) -> None:
    for suffix in BESIDE:
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _url(file: Path, mode: str) -> str:
    from sqlalchemy import URL

    query = dict(parse_qsl(mode)) | {"uri": "true"}
    # Its versions differ in whether they decode what they parse; each encodes what it will decode.
    return URL.create("sqlite", database=_address(file), query=query).render_as_string()


def _address(file: Path) -> str:
    # The slashes too: MLflow makes the folder of a path that begins with "file:", taken as a relative one.
    return f"file:{quote(bytes(file), safe='')}"


def _mode(file: Path) -> str:
    """How SQLite is to open a file for a look.

    A write-ahead log with content is a writer at work, or one that was killed: it is read along, not merged. Without
    one, SQLite makes it and takes it away again, which `ro` may not; where the folder can't be written it does without.
    """
    with suppress(OSError):  # whoever closes the file last takes its log away, at any moment
        if file.with_name(f"{file.name}-wal").stat().st_size:
            return "mode=ro"
    effective = os.access in os.supports_effective_ids
    if all(os.access(place, os.W_OK, effective_ids=effective) for place in (file, file.parent)):
        return "mode=rw"
    return "mode=ro&immutable=1"
