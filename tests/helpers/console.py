"""`snrbench` in this process, as the console script runs it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

Command = Callable[..., tuple[int, str, str]]


@contextmanager
def console() -> Iterator[Command]:
    """Runs a command by its arguments; gives its exit code, its output, and what it said.

    Tracks of a test's own are forgotten at the end.
    """
    from harness import tracks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))
        patch.setenv("SNRBENCH_DEBUG", "")  # so that what --debug sets is taken back
        yield _run


def _run(*arguments: object) -> tuple[int, str, str]:
    from harness.cli import main

    out, err = _stream(), _stream()
    with redirect_stdout(out), redirect_stderr(err):
        code = main.exit_code([str(argument) for argument in arguments])
    return code, _text(out), _text(err)


def _stream() -> io.TextIOWrapper:
    """As a process has them: of bytes, which a page of HTML is written as."""
    return io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
