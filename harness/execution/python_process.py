"""How Python processes are started: nothing is imported from the working directory, and who cannot start says why."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

SAFE = {"PYTHONSAFEPATH": "1"}
"""For the environment: what a process starts in turn is as safe as itself, also where a library does it."""


class NotStarted(Exception):  # noqa: N818 - names what happened
    """A process could not be started."""


def python(module: str, *arguments: str) -> list[str]:
    """The command line of one of our modules. A bare `python -m` would import from the working directory first."""
    return [sys.executable, "-P", "-m", module, *arguments]


def start(command: list[str], environment: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """A process. environment: of this process unless it is given. Raises NotStarted, with the system's reason."""
    try:
        return subprocess.Popen(command, env={**(environment or os.environ), **SAFE}, **options)
    except OSError as error:
        raise NotStarted(f"its process could not be started: {command[0]!r}: {error.strerror or error}") from error
