"""A user's file of tracks, metrics or executors as a module; schedules have a loader of their own."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from schedules.errors import UserError, named
from schedules.user_code import python_file
from schedules.user_code.guarded_calls import FROM_OUTSIDE, foreign


@contextmanager
def refusing(label: str, failed: str = "import failed with") -> Iterator[None]:
    """Around an import or a call of somebody's code: whatever it raises is a UserError, which begins with `label`."""
    try:
        with foreign():
            yield
    except UserError as problem:
        raise UserError(f"{label}: {problem}") from problem
    except FROM_OUTSIDE:
        raise
    except BaseException as problem:
        raise UserError(f"{label}: {failed} {named(problem)}") from problem


def module_of(file: str, kind: str) -> ModuleType:
    """Import a file, once for each content of it.

    kind: what it holds, "track", "metric" or "executor"
    UserError in one line, with the file: not there, not readable, no Python, or whatever its import raises.
    """
    label, path = f"{kind} plugin {file!r}", Path(file).resolve()
    if not path.is_file():
        raise UserError(f"{label}: no such file")
    if path.suffix != ".py":
        raise UserError(f"{label}: expected a file that ends in .py")
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise UserError(f"{label}: {problem.strerror}") from problem
    # A module for each content: a file that was edited is not taken for what it was.
    name = f"snrbench_{kind}s_{hashlib.sha256(str(path).encode() + text).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    with refusing(label):
        return python_file.load(path, name, text)
