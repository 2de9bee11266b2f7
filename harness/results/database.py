"""The SQLite file that MLflow keeps its record in: is it usable as it is, and how may it be opened.

MLflow migrates or completes a database when it opens one, also for somebody who only reads; so the file is looked at
first, and what MLflow would change is refused with what to do.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from schedules.errors import UserError

RESTORE = "restore a backup of it, or use another --store"
WAIT = 60.0  # seconds that another process may hold the file


@dataclass(frozen=True)
class Schema:
    """MLflow's schema revision in the file (None: none), whether its first experiment is there, and runs."""

    revision: str | None
    complete: bool
    runs: int


def holds_anything(file: Path) -> bool:
    """Whether there is a record to read; a damaged file counts, so that opening it says what is wrong."""
    if not file.is_file() or file.stat().st_size == 0:
        return False
    try:
        found = _look(file)
    except sqlite3.Error:
        return True
    return found.complete or found.runs > 0


def examine(file: Path) -> None:
    """UserError unless MLflow can use the file and has nothing to migrate or to complete in it."""
    try:
        found = _look(file)
    except sqlite3.Error as error:
        raise damaged(file, error) from error
    if found.revision is None or not found.complete:
        remedy = RESTORE if found.runs else "it holds no runs: delete it, and it will be made again"
        raise UserError(f"store {file.parent} cannot be read: {file.name} was never made completely; {remedy}")
    head, known = _revisions()
    if head is None or found.revision == head:
        return
    if found.revision in known:
        upgrade = f"mlflow db upgrade {shlex.quote(f'sqlite:///{file}')}"
        raise UserError(
            f"store {file.parent}: {file.name} was made by an older MLflow (schema {found.revision}, expected {head}); "
            f"copy the file, then run: {upgrade}"
        )
    import mlflow

    raise UserError(
        f"store {file.parent}: {file.name} was made by a newer MLflow than {mlflow.__version__} "
        f"(schema {found.revision}, expected {head}); update MLflow, or use another --store"
    )


def damaged(file: Path, error: sqlite3.Error) -> UserError:
    """What to say of a file that SQLite cannot read."""
    return UserError(f"store {file.parent} cannot be read: {file.name}: {error}; {RESTORE}")


def reading_uri(file: Path) -> str:
    """Tracking URI under which MLflow reads the file and leaves the folder as it is."""
    return f"sqlite:///{_path(file)}?{_mode(file)}&uri=true"


def _mode(file: Path) -> str:
    """How SQLite is to open the file.

    A write-ahead log with content is a writer at work, or one that was killed: it is read along, not merged. Without
    one, SQLite makes it and takes it away again, which `ro` may not; where the folder can't be written it does without.
    """
    log = file.with_name(f"{file.name}-wal")
    if log.is_file() and log.stat().st_size:
        return "mode=ro"
    effective = os.access in os.supports_effective_ids
    if all(os.access(place, os.W_OK, effective_ids=effective) for place in (file, file.parent)):
        return "mode=rw"
    return "immutable=1"


def _path(file: Path) -> str:
    # The slashes too: MLflow makes the folder of a path that begins with "file:", taken as a relative one.
    return f"file:{quote(str(file), safe='')}"


def _look(file: Path) -> Schema:
    with closing(sqlite3.connect(f"{_path(file)}?{_mode(file)}", uri=True, timeout=WAIT)) as connection:
        names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        revision = _first(connection, "select version_num from alembic_version") if "alembic_version" in names else None
        if not {"experiments", "runs", "metrics", "params", "tags"} <= names:
            return Schema(revision, complete=False, runs=0)
        complete = _first(connection, "select count(*) from experiments where experiment_id = 0") == 1
        return Schema(revision, complete, _first(connection, "select count(*) from runs"))


def _first(connection: sqlite3.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


@functools.cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The schema revision of the installed MLflow (None: not to be found; MLflow will judge), and all that it knows."""
    import mlflow

    # Read as text: alembic imports each of the scripts, a second of every command.
    scripts = sorted((Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions").glob("*.py"))
    found = [dict(re.findall(r'^(revision|down_revision) = "(\w+)"', one.read_text(), re.M)) for one in scripts]
    known = {one["revision"] for one in found if "revision" in one}
    heads = known - {one.get("down_revision") for one in found}
    return (heads.pop() if len(heads) == 1 else None), frozenset(known)
