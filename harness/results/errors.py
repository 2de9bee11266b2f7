"""What went wrong while a result was written or delivered, told apart by what helps: space, waiting, or neither."""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterator

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}
SQLITE_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
SQLITE_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
SAID_WITHOUT_A_CODE = ("disk is full", "disk I/O error", "readonly database", "unable to open database file")
"""What SQLite says where somebody passed on its words alone."""
LONGEST = 200


def is_full(error: BaseException) -> bool:
    """Whether the disk did not take it: it is full, broken, or was made read-only."""
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno in FULL:
            return True
        if re.search(r"os error (28|30|27|122|5)\b|No space left", str(cause)):
            return True
        if any(phrase in str(cause) for phrase in SAID_WITHOUT_A_CODE):
            return True
    return _is_of_sqlite(error, SQLITE_FULL)


def is_busy(error: BaseException) -> bool:
    """Whether another process holds the SQLite file."""
    return _is_of_sqlite(error, SQLITE_BUSY) or any("database is locked" in str(cause) for cause in _chain(error))


def is_damaged(error: BaseException) -> bool:
    """Whether the file is no SQLite database, or no whole one."""
    return _is_of_sqlite(error, SQLITE_DAMAGED)


def was_answered(error: BaseException) -> bool:
    """Whether a server was there and refused; else waiting may help."""
    return any(
        type(cause).__name__ == "RestException" or "failed with error code" in str(cause) for cause in _chain(error)
    )


def is_refused(error: BaseException) -> bool:
    """Whether MLflow will never take what it was given: a name or a value that it does not allow."""
    return getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE"


def wants_login(error: BaseException) -> bool:
    """Whether it refused because of who asks."""
    return any(re.search(r"failed with error code 40[13]\b", str(cause)) for cause in _chain(error))


def in_one_line(error: BaseException) -> str:
    """The end of the story, without SQL, addresses in memory and stack of causes."""
    text = " ".join(str(error).partition("[SQL:")[0].split()) or type(error).__name__
    match = re.search(r"Caused by \w+\((.*)\)\)?$", text)
    if match:
        text = re.sub(r"^.*?: |<[^>]*>:? ?", "", match.group(1)).strip("'\")")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _is_of_sqlite(error: BaseException, codes: set[int]) -> bool:
    # The lowest eight bits of an extended code are the primary one.
    return any(getattr(cause, "sqlite_errorcode", -1) & 0xFF in codes for cause in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
