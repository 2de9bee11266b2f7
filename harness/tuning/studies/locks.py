"""Who works on what, when several commands share a study: locks that end with the process that holds them.

In a store's own folder they are locked files, which the system unlocks when a process dies, however it dies.
On a PostgreSQL server they are advisory locks of one connection, which the server drops with the connection; a machine
that falls silent is given up after about a minute. (A pooler that shares connections between clients breaks them.)
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

POLL_SECONDS = 0.05
KEEP_ALIVE = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}


class Locks(Protocol):
    """Named locks; a name is held by one command at a time."""

    def claim(self, name: str) -> bool:
        """Take a lock if it is free. True also when this command holds it already."""

    def release(self, name: str) -> None:
        """Give it back."""

    def close(self) -> None:
        """Give everything back."""


@contextmanager
def exclusive(locks: Locks, name: str) -> Iterator[None]:
    """Wait for a lock and hold it for a moment."""
    while not locks.claim(name):
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        locks.release(name)


class FileLocks:
    """Locked files in a folder, one for each name. An object of this class is a command: two exclude each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, FileLock] = {}

    def claim(self, name: str) -> bool:
        lock = self._locks.setdefault(name, FileLock(self._folder / f"{_number(name):x}.lock", thread_local=False))
        if not lock.is_locked:
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return False
        return True

    def release(self, name: str) -> None:
        if name in self._locks:
            self._locks[name].release()

    def close(self) -> None:
        for lock in self._locks.values():
            lock.release(force=True)


class PostgresLocks:
    """Advisory locks of one connection. After the connection broke, what was held is claimed again or lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._connect()

    def claim(self, name: str) -> bool:
        with self._lock:
            if not self._alive():
                self._reconnect()
            if name in self._held:
                return True
            if self._call("pg_try_advisory_lock", name):
                self._held.add(name)
                return True
            return False

    def release(self, name: str) -> None:
        with self._lock:
            if name in self._held:
                self._held.discard(name)
                if self._alive():
                    self._call("pg_advisory_unlock", name)

    def close(self) -> None:
        with self._lock:
            self._held.clear()
            self._connection.invalidate()
            self._connection.close()

    def _connect(self) -> None:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for setting, value in KEEP_ALIVE.items():
            self._connection.execute(text(f"SET {setting} = {value}"))

    def _alive(self) -> bool:
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def _reconnect(self) -> None:
        self._connection.invalidate()
        self._connection.close()
        self._connect()
        self._held = {name for name in self._held if self._call("pg_try_advisory_lock", name)}

    def _call(self, function: str, name: str) -> bool:
        return bool(self._connection.execute(text(f"SELECT {function}(:key)"), {"key": _number(name)}).scalar())


def _number(name: str) -> int:
    """62 bits: what a PostgreSQL bigint holds."""
    return int.from_bytes(hashlib.sha256(f"snrbench {name}".encode()).digest()[:8], "big") >> 2
