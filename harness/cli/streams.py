"""Standard output and error as this process finds them: closed, full, or without Unicode.

What is printed for people degrades to what the stream's encoding has: "λ ≥ 0" is "lambda >= 0" in ASCII. What is for
programs stays what it is: JSON escapes, and a page of HTML is UTF-8, as it says of itself; so are a table and code.

Output that cannot be written ends the command with `OutputError`. Standard error is where that would be said, so what
cannot be written there is dropped: a full disk under a log ends no run.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import locale
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEGRADE = "snrbench.degrade"
ASCII = {
    **{
        "−": "-",
        "–": "-",
        "—": "-",
        "×": "x",
        "·": ".",
        "…": "...",
        "±": "+/-",
        "∓": "-/+",
        "≥": ">=",
        "≤": "<=",
        "≠": "!=",
    },
    **{"→": "->", "≈": "~", "²": "^2", "³": "^3", "½": "1/2", "∞": "inf", "∫": "int ", "∈": " in ", "√": "sqrt "},
    **{"‖": "||", "‘": "'", "’": "'", "“": '"', "”": '"', "█": "#", "•": "*", "†": "+", "░": ".", "ᾱ": "alpha_bar"},
}
UTF8 = frozenset({"html", "csv", "latex", "torch"})
GREEK = "GREEK SMALL LETTER "


class OutputError(OSError):
    """Standard output cannot be written: it is closed, or what it goes to is full."""

    def __str__(self) -> str:
        why = "it is closed" if self.errno == errno.EBADF else self.strerror
        return f"standard output cannot be written: {why}"


def prepare() -> None:
    """Make `sys.stdout` and `sys.stderr` behave so, where they are the process's own.

    A stream that is closed stays so: no file gets its number.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        # Opened for reading, standard output can't be written, as when it was closed.
        _occupy(number, mode)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Errors(2, "w", closefd=False), sys.stderr)


def show(text: str, form: str = "") -> None:
    """Print a whole text. form: what it is in, since what a program reads must not degrade; "" is for people"""
    if form in UTF8 and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        sys.stdout.buffer.write(f"{text}\n".encode())
        sys.stdout.buffer.flush()
        return
    print(_escaped(text) if form == "json" and not _encodable(text) else text)


class _Output(io.FileIO):
    """Fails once, with `OutputError`; what comes after that goes nowhere."""

    failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return memoryview(data).nbytes if self.failed else super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failed = True
            raise OutputError(error.errno, error.strerror) from error


class _Errors(io.FileIO):
    """Drops what cannot be written, unless its reader has gone."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            return memoryview(data).nbytes


def _occupy(number: int, mode: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, mode)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _text(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    """A text stream on a raw one, in the encoding and with the buffering of the one before it."""
    at_once = raw.isatty() or raw.fileno() == 2 or getattr(before, "write_through", False)
    encoding = getattr(before, "encoding", None) or locale.getpreferredencoding(False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, DEGRADE, line_buffering=at_once)


def _encodable(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _escaped(text: str) -> str:
    """JSON in which every character is ASCII; outside of its strings they are already."""
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)


def _degraded(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks, for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(char: str) -> str:
    name = unicodedata.name(char, "")
    if char in ASCII:
        return ASCII[char]
    if name.startswith(GREEK):
        return name.removeprefix(GREEK).split()[0].lower().replace("lamda", "lambda")
    if name.startswith("BOX DRAWINGS"):
        return {"HORIZONTAL": "-", "VERTICAL": "|"}.get(name.split()[-1], "+")
    return unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode() or "?"


codecs.register_error(DEGRADE, _degraded)
