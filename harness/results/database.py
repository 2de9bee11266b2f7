"""The SQLite file that MLflow keeps its record in: is it usable as it is, or is it to be made.

MLflow migrates or completes a database when it opens one, also for somebody who only reads; so the file is looked at
first, and what MLflow would change is refused with what to do.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import re
import shlex
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results import sqlite_file
from schedules.errors import UserError

RESTORE = "restore a backup of it, or use another --store"
EXPECTED = f"the file that MLflow keeps its record in; {RESTORE}"

_WHOLE: set[tuple[Path, int, int]] = set()
"""Files that this process found whole, with device and inode: what was made stays made, and is never made in place."""


@dataclass(frozen=True)
class Schema:
    """MLflow's schema revision in the file (None: none), whether its first experiment is there, and runs."""

    revision: str | None
    complete: bool
    runs: int

    @property
    def usable(self) -> bool:
        """Whether its making came to an end."""
        return self.revision is not None and self.complete


def is_wanted(file: Path, artifacts: Path) -> bool:
    """Whether it is still to be made: it is not there, or its making was cut off before any run came in.

    UserError for what must not be replaced: anything but a database of MLflow's, and what is left of a lost one
    """
    _check_kind(file)
    if not file.exists() or file.stat().st_size == 0:
        wanted, state = True, "is empty" if file.exists() else "is not there"
    else:
        schema = _look(file)
        wanted, state = not schema.usable and schema.runs == 0, "holds no runs"
    if wanted and any(names for _, _, names in os.walk(artifacts)):
        raise _unreadable(file, f"{state}, and {artifacts.name} has files of its runs; {RESTORE}")
    return wanted


def holds_anything(file: Path, artifacts: Path) -> bool:
    """Whether there is a record to read; one that is damaged or lost counts, so that opening it says what is wrong."""
    # A page asks a dozen times, and counting runs takes the longer the more there are.
    place = _place(file)
    if place in _WHOLE:
        return True
    try:
        if is_wanted(file, artifacts):
            return False
    except UserError:
        return True
    if place is not None:
        _WHOLE.add(place)
    return True


def _place(file: Path) -> tuple[Path, int, int] | None:
    """Which file it is; None for one that is not there, or empty."""
    with suppress(OSError):
        status = file.stat()
        return (file, status.st_dev, status.st_ino) if status.st_size else None
    return None


def examine(file: Path, artifacts: Path) -> None:
    """UserError unless MLflow can use the file and has nothing to migrate or to complete in it."""
    is_wanted(file, artifacts)
    schema = _look(file)
    if not schema.usable:
        remedy = RESTORE if schema.runs else "it holds no runs, and the next `snrbench run` makes it again"
        raise _unreadable(file, f"was never made completely; {remedy}")
    head, revisions = schema_revisions()
    if head is None or schema.revision == head:
        return
    if schema.revision in revisions:
        upgrade = f"mlflow db upgrade {shlex.quote(sqlite_file.url(file))}"
        raise UserError(
            f"store {file.parent}: {file.name} was made by an older MLflow (schema {schema.revision}, "
            f"expected {head}); copy the file, then run: {upgrade}"
        )
    raise UserError(
        f"store {file.parent}: {file.name} was made by a newer MLflow than {importlib.metadata.version('mlflow')} "
        f"(schema {schema.revision}, expected {head}); update MLflow, or use another --store"
    )


def damaged(file: Path, error: sqlite3.Error) -> UserError:
    """What to say of a file that SQLite cannot read."""
    return UserError(f"store {file.parent} cannot be read: {file.name}: {error}; {RESTORE}")


def _unreadable(file: Path, state: str) -> UserError:
    return UserError(f"store {file.parent} cannot be read: {file.name} {state}")


def _check_kind(file: Path) -> None:
    """UserError for what is there and is no file that can be read."""
    if file.is_symlink() and not file.exists():
        raise _unreadable(file, f"is a link to {file.readlink()}, which is not there")
    if file.exists() and not file.is_file():
        raise _unreadable(file, f"is {'a folder' if file.is_dir() else 'no file'}; expected {EXPECTED}")
    if file.exists() and not os.access(file, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise _unreadable(file, "may not be read by this user")


def _look(file: Path) -> Schema:
    """UserError for a file that SQLite cannot read, and for one that another program made."""
    try:
        with sqlite_file.opened(file, "look") as connection:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            own = [name for name in tables if not name.startswith("sqlite_")]
            if own and "experiments" not in own:  # which MLflow makes first
                raise _unreadable(file, f"is a database of another program, with {own[0]!r}; expected {EXPECTED}")
            return _schema(connection, set(own))
    except sqlite3.Error as error:
        raise damaged(file, error) from error


def _schema(connection: sqlite3.Connection, tables: set[str]) -> Schema:
    revision = _first(connection, "select version_num from alembic_version") if "alembic_version" in tables else None
    if not {"experiments", "runs", "metrics", "params", "tags"} <= tables:
        return Schema(revision, complete=False, runs=0)
    columns = {name for _, name, *_ in connection.execute("pragma table_info(experiments)")}
    # Of a table of another make only MLflow can tell.
    first = "select count(*) from experiments where experiment_id = 0"
    complete = "experiment_id" not in columns or _first(connection, first) == 1
    return Schema(revision, complete, _first(connection, "select count(*) from runs"))


def _first(connection: sqlite3.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


@functools.cache
def schema_revisions() -> tuple[str | None, frozenset[str]]:
    """The schema revision of the installed MLflow (None: not to be found; MLflow will judge), and all that it knows."""
    # Read as text: alembic imports each of the scripts, a second of every command, and MLflow itself takes more.
    package = importlib.util.find_spec("mlflow")
    places = list(package.submodule_search_locations or ()) if package else []
    scripts = sorted(script for place in places for script in Path(place).glob("store/db_migrations/versions/*.py"))
    headers = [dict(re.findall(r'^(revision|down_revision) = "(\w+)"', script.read_text(), re.M)) for script in scripts]
    revisions = {header["revision"] for header in headers if "revision" in header}
    heads = revisions - {header.get("down_revision") for header in headers}
    return (heads.pop() if len(heads) == 1 else None), frozenset(revisions)
