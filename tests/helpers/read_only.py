"""A store in a folder that may be read and not written, as a colleague's is, or one on a read-only file system."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's rights, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def read_only_copy(store: Path, rights: int = 0o555) -> Iterator[Path]:
    """A copy of a store, its folder with these rights, and for the time being without root's."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        os.chmod(folder, 0o755)
        root = Path(shutil.copytree(store, Path(folder) / "store"))
        if os.geteuid() == 0:
            for path in (root, *root.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        for database in root.glob("*.db"):
            database.chmod(0o400)
        root.chmod(rights)
        try:
            with as_nobody():
                yield root
        finally:
            root.chmod(0o700)
