"""Checkpoints of a run: written whole or not at all, checked when read, the last two kept.

A file is a safetensors file whose metadata hold a JSON record and a CRC-32 of every tensor and of the record, so that
a truncated or bit-flipped file is noticed. Nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from schedules.errors import text_of

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """tensors: name → tensor on the CPU; record: whatever else, as JSON."""

    tensors: dict[str, Tensor]
    record: dict[str, Any]


class Damaged(Exception):  # noqa: N818 - names what the file is
    """A checkpoint that cannot be trusted."""


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> Path:
    """Write the checkpoint of a step and drop all but the last two. OSError when the disk does not take it."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{step:09d}.safetensors"
    partial = final.with_suffix(f".{uuid.uuid4().hex[:8]}.partial")  # another command may be at the same run
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(record)
    sums = {name: _crc(tensor) for name, tensor in ready.items()} | {"": zlib.crc32(text.encode())}
    try:
        save_file(ready, partial, metadata={"record": text, "crc": json.dumps(sums)})
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, final)
    except SafetensorError as error:  # its own error hides the system's, such as a full disk
        partial.unlink(missing_ok=True)
        raise OSError(text_of(error)) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    for old in sorted(folder.glob("*.safetensors"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return final


def load(path: Path) -> Checkpoint:
    """Read one checkpoint. Raises Damaged when any of it is not what was written."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        record, sums = json.loads(metadata["record"]), json.loads(metadata["crc"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise Damaged(f"{path.name}: {text_of(error)}") from error
    checksums = {name: _crc(tensor) for name, tensor in tensors.items()} | {"": zlib.crc32(metadata["record"].encode())}
    if checksums != sums:
        raise Damaged(f"{path.name}: its content does not match its checksum")
    return Checkpoint(tensors, record)


def newest(folder: Path) -> Iterator[Path]:
    """The folder's checkpoints, newest first."""
    yield from sorted(folder.glob("*.safetensors"), reverse=True)


def remove(folder: Path) -> None:
    """Forget a run's checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)


def _crc(tensor: Tensor) -> int:
    if tensor.numel() == 0:
        return 0
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data)
