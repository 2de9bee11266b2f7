"""The file that a command writes with `--out`: never in place of another unless forced, and never half of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def refuse_to_replace(out: Path, force: bool, option: str = "--out") -> None:
    """UserError for a file to write that is there already, unless forced, that is no file, or whose folder isn't."""
    from schedules.errors import UserError

    if not out.parent.is_dir():
        raise UserError(f"{option} {str(out)!r}: no such folder {str(out.parent)!r}")
    if out.is_dir():
        raise UserError(f"{option} {str(out)!r}: a folder; expected a file")
    if out.exists() and not out.is_file():
        raise UserError(f"{option} {str(out)!r}: a device or a pipe; expected a file")
    if out.exists() and not force:
        raise UserError(f"{option} {str(out)!r}: there already; --force replaces it")


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A file to write instead of `out`, whose place it takes when all is written; until then what was there stays.

    Its ending is that of `out`, which says what is written. OSError for a full disk names `out`.
    """
    out = out.resolve()  # of a link, what it leads to is replaced
    partial = out.with_name(f".{os.getpid()}.partial{out.suffix}")
    try:
        yield partial
        os.replace(partial, out)
    except OSError as error:
        if error.filename is None or Path(error.filename) == partial:
            raise OSError(error.errno, error.strerror, str(out)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)
