"""The file of a bundle: a zip of `bundle.json` and `runs.parquet`. Nothing of it is executed or written to disk.

A file from a stranger is refused before it can cost anything: by its size, by the number, names and sizes of its
members, and each member is read no further than its limit whatever the zip says of it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from schedules.errors import UserError, text_of

MANIFEST, RUNS = "bundle.json", "runs.parquet"
MIB = 2**20
FILE_LIMIT = 32 * MIB
MEMBER_LIMITS = {MANIFEST: 1 * MIB, RUNS: 64 * MIB}
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


class MalformedError(UserError):
    """The file is no bundle, or not a sound one. problem: what is wrong with it, without its name"""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"bundle {file}: {problem}")
        self.problem = problem


def write(file: Path, members: dict[str, bytes], check: Callable[[Path], object] = lambda partial: None) -> None:
    """Write a bundle; the same members give the same bytes.

    check: is given the file before it gets its name, and raises for one that must not have it
    """
    partial = file.with_name(f".{file.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED)
        check(partial)
        partial.replace(file)
    except OSError as error:
        raise UserError(f"bundle cannot be written to {file}: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read(file: Path) -> dict[str, bytes]:
    """The members of a bundle, all of them and nothing else. MalformedError says what is wrong."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise UserError(f"bundle {file} cannot be read: {error.strerror}") from error
    if size > FILE_LIMIT:
        raise MalformedError(file, f"{size / MIB:.0f} MiB; expected at most {FILE_LIMIT // MIB}")
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sorted(member.filename for member in members) != sorted(MEMBER_LIMITS):
                names = ", ".join(repr(member.filename) for member in members[:5])
                raise MalformedError(file, f"holds {names}; expected {MANIFEST} and {RUNS}")
            return {member.filename: _read(archive, member, file) for member in members}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise MalformedError(file, text_of(error)) from error


def digest(file: Path) -> str:
    """SHA-256 of the file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path) -> bytes:
    limit = MEMBER_LIMITS[member.filename]
    with archive.open(member) as opened:
        # One byte more than allowed tells a member that is too long, whatever size it claims.
        content = opened.read(limit + 1) if member.file_size <= limit else b""
    if member.file_size > limit or len(content) > limit:
        raise MalformedError(file, f"{member.filename} is larger than {limit // MIB} MiB")
    return content
