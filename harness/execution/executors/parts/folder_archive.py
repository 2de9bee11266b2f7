"""A folder as bytes, for machines that share no disk."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path


def pack(folder: Path) -> bytes | None:
    """The folder under its name; None when it is not there."""
    if not folder.is_dir():
        return None
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, folder.name)
    return buffer.getvalue()


def unpack(parcel: bytes, place: Path) -> Path:
    """Put the folder into `place`, whole or not at all. OSError when the disk does not take it."""
    with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
        name = archive.getnames()[0]
        partial, final = place / f".{name}.partial", place / name
        try:
            archive.extractall(partial, filter="data")
            os.replace(partial / name, final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return final


def unpack_into(parcel: bytes, folder: Path) -> None:
    """Make `folder` what was packed, whatever its name was."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
        name = archive.getnames()[0]
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f".{folder.name}.partial")
        try:
            archive.extractall(partial, filter="data")
            os.replace(partial / name, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
