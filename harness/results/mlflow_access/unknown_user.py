"""A user whom the system does not know, as containers have them: a number without a name and without a home."""

from __future__ import annotations

import getpass
import os

NOWHERE = "/nonexistent"
"""As Debian calls the home of users that have none: nothing is read from it, nothing can be written to it."""


def settle() -> None:
    """Have libraries that ask for this user's home and name get an answer, here and in the processes started here.

    MLflow cannot be imported without the one, PyTorch names its caches by the other.
    """
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = NOWHERE
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the latter from Python 3.13 on
        os.environ["USER"] = f"user{os.getuid()}"
