"""What went wrong while a result was written or delivered, told apart by what helps: space, waiting, or neither."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}
SAID_BY_SQLITE = ("disk is full", "disk I/O error", "readonly database", "unable to open database file")
LONGEST = 200


def is_full(error: BaseException) -> bool:
    """Whether the disk did not take it: it is full, broken, or was made read-only."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in FULL:
            return True
        if re.search(r"os error (28|30|27|122|5)\b|No space left", str(one)):
            return True
        if any(said in str(one) for said in SAID_BY_SQLITE):
            return True
    return False


def was_answered(error: BaseException) -> bool:
    """Whether a server was there and refused; else waiting may help."""
    return any(type(one).__name__ == "RestException" or "failed with error code" in str(one) for one in _chain(error))


def is_refused(error: BaseException) -> bool:
    """Whether MLflow will never take what it was given: a name or a value that it does not allow."""
    return getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE"


def wants_login(error: BaseException) -> bool:
    """Whether it refused because of who asks."""
    return any(re.search(r"failed with error code 40[13]\b", str(one)) for one in _chain(error))


def in_one_line(error: BaseException) -> str:
    """The end of the story, without SQL, addresses in memory and stack of causes."""
    text = " ".join(str(error).partition("[SQL:")[0].split()) or type(error).__name__
    found = re.search(r"Caused by \w+\((.*)\)\)?$", text)
    if found:
        text = re.sub(r"^.*?: |<[^>]*>:? ?", "", found.group(1)).strip("'\")")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
