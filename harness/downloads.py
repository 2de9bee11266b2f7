"""Whether a file that is missing may be downloaded: not where a command only says what it would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_allowed: ContextVar[bool] = ContextVar("downloads are allowed", default=True)


class WithheldError(Exception):
    """Something would have been downloaded now."""


@contextmanager
def withheld(withhold: bool = True) -> Iterator[None]:
    """Within the block nothing is downloaded; `withhold` False changes nothing."""
    token = _allowed.set(_allowed.get() and not withhold)
    try:
        yield
    finally:
        _allowed.reset(token)


def begin() -> None:
    """Call it before a download. WithheldError where there is to be none."""
    if not _allowed.get():
        raise WithheldError
