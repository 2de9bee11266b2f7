"""What went wrong, in one line: the thing, the value, what was expected."""

from __future__ import annotations

import errno
import re
import sys
from contextlib import suppress
from typing import Any

from typer.exceptions import TyperException

from schedules.errors import named, text_of

RECORD = ("alembic", "mlflow", "sqlalchemy", "sqlite3")
FULL = (errno.ENOSPC, errno.EDQUOT)
LONGEST = 300  # characters of a library's own message

# pydantic's kinds of refusal, as what was expected; typer validates through it.
EXPECTED = {
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_parsing": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


def say(*lines: str) -> None:
    """Print them to standard error, where `--quiet` leaves nothing else."""
    with suppress(OSError):  # the terminal may be gone
        print(*lines, sep="\n", file=sys.stderr)


def of_use(error: TyperException) -> str:
    """A command line that typer refused."""
    refused, parameter = _refused(error), getattr(error, "param", None)
    message = str(getattr(error, "message", error))
    if parameter is None or not message:
        complaint = str(getattr(error, "format_message", error.__str__)())
        meaning = getattr(parameter, "help", None)
        return f"{complaint.removesuffix('.')}: {meaning}" if meaning else complaint
    name = next((option for option in parameter.opts if option.startswith("--")), parameter.opts[0])
    if refused is not None:
        return f"{name} is {refused['input']!r}; expected {_expectation(refused)}"
    if match := re.fullmatch(r"dir (.*) is a file\.?", message):
        return f"{name} is {match.group(1)}, a file; expected a folder"
    return f"{name} {message}" if message.startswith("is ") else f"{name}: {message}"


def of_record(error: BaseException) -> str | None:
    """A failure inside MLflow or its database; None for any other."""
    if not any(type(failure).__module__.partition(".")[0] in RECORD for failure in (error, error.__cause__)):
        return None
    from harness.results.errors import is_busy

    if is_busy(error):
        text = _short(text_of(error).partition("[SQL:")[0])
        return f"the store is held by another process: {text}; try again when that is done"
    text = _short(named(error).partition("[SQL:")[0])
    return f"MLflow cannot read or write the record: {text}; --debug shows where"


def of_system(error: OSError) -> str | None:
    """A file or folder that the system refuses, or a full disk; None for what else names no file."""
    if error.filename is None:
        return f"{error.strerror}; the same command goes on when there is room" if error.errno in FULL else None
    return f"{str(error.filename)!r}: {error.strerror}"


def of_defect(error: BaseException) -> str:
    """What nobody foresaw."""
    return f"internal error: {_short(named(error))}; --debug shows where"


def _refused(error: BaseException) -> dict[str, Any] | None:
    cause = error.__cause__ or error.__context__
    details = getattr(cause, "errors", None)
    problems: list[dict[str, Any]] = details() if callable(details) else []
    return problems[0] if problems else None


def _expectation(refused: dict[str, Any]) -> str:
    if refused["type"] in EXPECTED:
        return EXPECTED[refused["type"]].format(**refused.get("ctx", {}))
    message = str(refused["msg"]).removeprefix("Value error, ")
    choices = re.search(r"is not one of (.*?)\.?$", message)
    return f"one of {choices.group(1)}".replace("'", "") if choices else message


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
