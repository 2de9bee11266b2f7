"""Derived tables on disk: written whole or not at all, read only if the same code made them.

A file that is truncated, damaged (every page has a checksum) or of another version reads as None, and is made again.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq

from harness.protocol import PROTOCOL

STAMP = b"snrbench.version"


def version(made_by: Iterable[ModuleType], columns: Iterable[str]) -> str:
    """Hash of the code that makes a table, its columns and the protocol."""
    parts = [inspect.getsource(module) for module in made_by]
    return hashlib.sha256("\0".join([*parts, *columns, PROTOCOL]).encode()).hexdigest()[:16]


def read(file: Path, wanted: str) -> pa.Table | None:
    """The table in a file; None unless it is whole and of the version that is wanted."""
    try:
        with file.open("rb") as opened:
            if (pq.read_schema(opened).metadata or {}).get(STAMP) != wanted.encode():
                return None
            opened.seek(0)
            return pq.read_table(opened, page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None


def write(file: Path, table: pa.Table, version: str) -> bool:
    """Replace the file in one step, so that a reader sees the old one or the new one; whether it could be written."""
    partial = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    # Looking for repeated numbers among scores takes as long as writing them.
    words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    stamped = table.replace_schema_metadata({STAMP: version.encode()})
    try:
        file.parent.mkdir(exist_ok=True)
        pq.write_table(
            stamped, partial, compression="zstd", compression_level=1, write_page_checksum=True, use_dictionary=words
        )
        os.replace(partial, file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        return False
    return True


def remove(file: Path) -> None:
    """Delete a table that is there, if it may be."""
    with suppress(OSError):
        file.unlink(missing_ok=True)
