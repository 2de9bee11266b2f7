"""A file system of 32 MiB, to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 32 * 2**20


@contextmanager
def mounted(place: Path) -> Iterator[Path]:
    """The file system at this place, which is made; where that is not permitted, the test is skipped."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not permitted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, leaving: int) -> Path:
    """Take all of the disk but so many bytes. Returns the file that takes it."""
    state, filler = os.statvfs(disk), disk / "filler"
    with filler.open("wb") as file:
        file.write(b"x" * max(0, state.f_bavail * state.f_frsize - leaving))
    return filler
