"""The published comparisons that there are: every JSON file of this folder is one."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import ValidationError

from leaderboards.data.validation import first
from leaderboards.literature.schema import PublishedTable
from schedules.errors import UserError

FOLDER = Path(__file__).parent


@functools.cache
def published_tables(folder: Path = FOLDER) -> dict[str, PublishedTable]:
    """Name of the file without its ending → the table, the newest source first. UserError for a file that is none."""
    tables = {file.stem: read(file) for file in sorted(folder.glob("*.json"))}
    return dict(sorted(tables.items(), key=lambda item: item[1].source, reverse=True))


def read(file: Path) -> PublishedTable:
    """One file. UserError that names the file and what is wrong with it."""
    try:
        return PublishedTable.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{file} is no published comparison: {first(error)}") from error
