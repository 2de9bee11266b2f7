"""Calling somebody else's code: NumPy's warnings are silenced, and what it prints goes to standard error.

A plugin that prints must not get between a command's own output and the program that reads it. What it sets for the
whole process must not move the score of another schedule, or where results are written.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, TypeVar, cast

import numpy as np

from schedules.errors import UserError, named
from schedules.user_code import time_limit

Made = TypeVar("Made")

FROM_OUTSIDE = (KeyboardInterrupt, time_limit.TimeLimit)
"""What is raised inside somebody's code and is no failure of it: it passes. All else is one, whatever its class."""


@contextmanager
def foreign() -> Iterator[None]:
    """Around an import of a plugin, and a call of its function.

    Standard output and the settings of the process are shared by all threads: in others than the main one they are
    left alone.
    """
    with np.errstate(all="ignore"):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        errors = cast(TextIO, _Unclosable(sys.stderr))
        with _settings_kept(), redirect_stdout(errors), redirect_stderr(errors):
            yield


@contextmanager
def foreign_values() -> Iterator[None]:
    """Around a call of a method of its density or weighting: the same, but for the settings of the process.

    A fit calls them a hundred thousand times, and looking at the settings takes as long as what is called.
    """
    with np.errstate(all="ignore"):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with redirect_stdout(cast(TextIO, _Unclosable(sys.stderr))):
            yield


def made_by(label: str, make: Callable[[], Made]) -> Made:
    """What a plugin's function makes. UserError, after `label`, where it raises anything or gives no answer in time."""
    try:
        with time_limit.time_limit(time_limit.SECONDS), foreign():
            return make()
    except time_limit.TimeLimit:
        raise UserError(f"{label} gave no answer within {time_limit.SECONDS:g} s") from None
    except (UserError, *FROM_OUTSIDE):
        raise
    except BaseException as problem:
        raise UserError(f"{label} raised {named(problem)}") from problem


class _Unclosable:
    """A stream that a plugin may close, which would close standard error for everybody."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        self._stream.flush()


@contextmanager
def _settings_kept() -> Iterator[None]:
    before = [(read, write, read()) for read, write in _settings()]
    try:
        yield
    finally:
        for read, write, value in before:
            if read() != value:
                with suppress(OSError):  # the working directory may be gone
                    write(value)


def _settings() -> Iterator[tuple[Callable[[], Any], Callable[[Any], object]]]:
    """How each setting of the process is read and written; the limit of recursion first, as the others are calls."""
    yield sys.getrecursionlimit, sys.setrecursionlimit
    yield _working_directory, os.chdir
    yield lambda: list(warnings.filters), _filter_warnings
    if torch := sys.modules.get("torch"):  # sums on several threads have other last digits
        yield torch.get_num_threads, torch.set_num_threads
        yield torch.get_default_dtype, torch.set_default_dtype


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _filter_warnings(filters: list[Any]) -> None:
    warnings.resetwarnings()  # lets Python forget what it concluded from the others
    cast(list[Any], warnings.filters)[:] = filters
