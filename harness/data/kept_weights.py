"""Weights that are trained once on this machine, kept, and checked whenever they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from safetensors.torch import load, save
from torch import Tensor

from harness.rehearsal import rehearsing
from schedules.errors import UserError

Trained = tuple[dict[str, Tensor], dict[str, Any]]
"""A network's state, and what is noted beside it."""


def kept_weights(path: Path, train: Callable[[], Trained], sha256: str = "") -> dict[str, Tensor]:
    """The state in a file, trained now where it was not before; several workers may find it missing at once.

    path:   of the safetensors file; a JSON file of the same name has its SHA-256 and what is noted
    sha256: what the file must have; "" takes what was written on this machine

    In a rehearsal what is missing is trained a little and not kept.

    UserError: a damaged file, other weights than declared
    """
    if rehearsing() and not path.exists():
        return train()[0]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                _write(path, *train())
    content = path.read_bytes()
    digest, written = hashlib.sha256(content).hexdigest(), json.loads(path.with_suffix(".json").read_text())["sha256"]
    if digest != (sha256 or written):
        source = "the track declares" if sha256 else "was written"
        raise UserError(
            f"{str(path)!r} has SHA-256 {digest}, {source} {sha256 or written}; delete it to train it again"
        )
    return load(content)


def _write(path: Path, state: dict[str, Tensor], noted: dict[str, Any]) -> None:
    content = save(state)
    noted = {"sha256": hashlib.sha256(content).hexdigest(), **noted}
    path.with_suffix(".json").write_text(json.dumps(noted, indent=2) + "\n")
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
