"""Shards: the pieces in which a folder of images is encoded, each written whole or not at all.

While it is being made, a folder holds

    plan.json                   what is being made; a command that would make something else is refused
    shards/train-00007.safetensors   encoded rows, not yet scaled, with what mean and variance are computed from
    shards/train-00007.lock     held by the process that works on it; the system frees it when that process ends
    moments.json                mean and variance, once every shard is there
    train.npy.part              scaled rows of the shards so far; a shard that is in it is deleted

Every one of them survives kill -9: what is whole is kept, what is not is made again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from harness.data.encoders import Encoder
from harness.data.image_file import read
from harness.data.prepared import INDEX, SPLITS, Declared
from harness.data.train_val_folder import Folder
from harness.streams import Streams
from schedules.errors import UserError

NOISE_SEED = 0
BATCHES_AHEAD = 3
MOMENTS = "moments.json"
STORED = np.dtype("<f2")


@dataclass(frozen=True)
class Shard:
    """Images `start` … `start + len` of a split."""

    split: str
    number: int
    start: int
    images: int

    @property
    def name(self) -> str:
        return f"{self.split}-{self.number:05d}"


@dataclass(frozen=True)
class Work:
    """Everything that is to be made. images_a_shard: of each shard but a split's last one"""

    declared: Declared
    folder: Folder
    out: Path
    images_a_shard: int

    def shards(self) -> list[Shard]:
        """All of them, in order."""
        step = self.images_a_shard
        return [
            Shard(split, number, start, min(step, len(self.folder.splits[split]) - start))
            for split in SPLITS
            for number, start in enumerate(range(0, len(self.folder.splits[split]), step))
        ]

    def path(self, shard: Shard) -> Path:
        """Its file."""
        return self.out / "shards" / f"{shard.name}.safetensors"

    @property
    def joined(self) -> bool:
        """Whether joining the shards has begun, which takes them away."""
        return (self.out / MOMENTS).exists() or (self.out / INDEX).exists()

    @property
    def encoded(self) -> bool:
        """Whether every shard is there, or was once."""
        return self.joined or all(self.path(shard).exists() for shard in self.shards())

    def orientations(self, split: str) -> int:
        """Rows of an image: two where it has its mirror image beside it."""
        return 2 if split == "train" and self.declared.mirrored else 1


def encode_all(
    work: Work,
    encoder: Encoder,
    batch: int,
    threads: int,
    on_shard: Callable[[int], None] = lambda images: None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Encode every shard that is missing and that no other process holds.

    UserError for an image that cannot be read, and for a disk that is full.
    """
    with ThreadPoolExecutor(threads) as pool:
        for shard in work.shards():
            if work.joined or stopped():
                return
            if work.path(shard).exists():
                continue
            with (
                contextlib.suppress(Timeout),
                FileLock(work.path(shard).with_suffix(".lock"), timeout=0),
            ):
                if not (work.path(shard).exists() or work.joined):
                    write_whole(work.path(shard), save(_encoded(work, shard, encoder, batch, pool)))
                    on_shard(shard.images)


def _encoded(work: Work, shard: Shard, encoder: Encoder, batch: int, pool: ThreadPoolExecutor) -> dict[str, Tensor]:
    split, copies = work.folder.splits[shard.split], work.orientations(shard.split)
    files = split.files[shard.start : shard.start + shard.images]
    eps = Streams(NOISE_SEED).normal(shard.split, shard.number, shape=(shard.images * copies, *encoder.shape))
    rows, pixels, noise = [], [], 0.0
    for first, images in _batches(work, files, batch, pool):
        both = torch.stack([images, images.flip(-1)], dim=1).flatten(0, 1) if copies == 2 else images
        encoded = encoder(both, eps[copies * first : copies * first + len(both)])
        rows.append(encoded.x)
        noise += encoded.noise * len(both)
        if shard.split != "train":
            pixels.append(images)
    x = torch.cat(rows)
    exact = x.double()
    sums = torch.tensor([x.numel(), exact.sum(), exact.square().sum(), noise * x[0].numel()], dtype=torch.float64)
    extra = {"pixels": torch.cat(pixels).contiguous()} if pixels else {}
    return {"x": x.half().contiguous(), "sums": sums, **extra}


def _batches(work: Work, files: tuple[str, ...], batch: int, pool: ThreadPoolExecutor) -> Iterator[tuple[int, Tensor]]:
    """Images, read ahead by threads: a JPEG is decoded outside of Python's lock."""

    def decoded(file: str) -> np.ndarray:
        return read(work.folder.root / file, work.declared.side)

    ahead: deque[Future[np.ndarray]] = deque()
    remaining = iter(files)
    try:
        for first in range(0, len(files), batch):
            ahead.extend(
                pool.submit(decoded, file) for file in itertools.islice(remaining, BATCHES_AHEAD * batch - len(ahead))
            )
            part = [ahead.popleft() for _ in range(min(batch, len(files) - first))]
            yield first, torch.from_numpy(np.stack([image.result() for image in part]))
    finally:
        for image in ahead:
            image.cancel()


@dataclass(frozen=True)
class Moments:
    """Of the training split's raw values: mean, standard deviation, share of the variance that is the posterior's."""

    mean: float
    std: float
    noise_share: float


def moments(work: Work) -> Moments:
    """Of all training shards, once they are there; written down, as the shards go when they are joined."""
    path = work.out / MOMENTS
    if not path.exists():
        of_shards = [_rows(work, shard, "sums") for shard in work.shards() if shard.split == "train"]
        count, total, squares, noise = torch.stack(of_shards).sum(dim=0).tolist()
        mean = total / count
        variance = squares / count - mean**2
        values = {"mean": mean, "std": variance**0.5, "noise_share": noise / count / variance}
        write_whole(path, json.dumps(values).encode())
    return Moments(**json.loads(path.read_text()))


def join(work: Work, split: str, what: str, shape: tuple[int, ...], scaled: Moments | None) -> tuple[str, ...]:
    """Append the shards of a split to one file, `<split>.npy` or `<split>_pixels.npy`; SHA-256 of each shard in it.

    A shard goes when its last part is in a file, so that the disk holds everything once; x comes before pixels.

    what:   "x" or "pixels", each row of `shape`
    scaled: mean and standard deviation that are taken out of x
    """
    shards = [shard for shard in work.shards() if shard.split == split]
    sizes = [work.orientations(split) * shard.images for shard in shards]
    stored = STORED if what == "x" else np.dtype("u1")
    last = "x" if split == "train" else "pixels"
    final = work.out / file_of(split, what)
    path = final if final.exists() else final.with_suffix(".npy.part")
    with _disk(path), open(path, "a+b") as file:
        row = stored.itemsize * int(np.prod(shape))
        begin = _begun(file, stored, (sum(sizes), *shape))
        sums = _hashed(file, begin, [row * size for size in sizes])
        for shard in shards[len(sums) :]:
            raw = _stored(_rows(work, shard, what), stored, scaled)
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            sums.append(hashlib.sha256(raw).hexdigest())
            if what == last:
                work.path(shard).unlink()
    os.replace(path, final)
    return tuple(sums)


def file_of(split: str, what: str) -> str:
    """Name of the file of a split's rows, or of its images."""
    return f"{split}.npy" if what == "x" else f"{split}_{what}.npy"


def damaged(file: Path, sums: tuple[str, ...], shard_rows: int) -> int | None:
    """The first shard of a file that is not what its checksum says; None when all are."""
    array = np.load(file, mmap_mode="r")
    for number, checksum in enumerate(sums):
        rows = array[number * shard_rows : (number + 1) * shard_rows]
        if hashlib.sha256(rows.tobytes()).hexdigest() != checksum:
            return number
    return None


def write_whole(path: Path, content: bytes) -> None:
    """Under a temporary name, then renamed. UserError where the disk is full."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(partial, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UserError(
            f"the disk of {str(path.parent)!r} is full; free some and give the same command again, which goes on"
        ) from problem


def _begun(file: BinaryIO, stored: np.dtype, shape: tuple[int, ...]) -> int:
    """Where rows begin in an .npy file, whose header is written where it is not there yet."""
    header = io.BytesIO()
    described = {"descr": stored.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    expected = header.getvalue()
    file.seek(0)
    if file.read(len(expected)) != expected:
        file.truncate(0)
        file.write(expected)
    return len(expected)


def _hashed(file: BinaryIO, begin: int, sizes: list[int]) -> list[str]:
    """SHA-256 of the shards that are whole in a file; what comes after them is cut off."""
    digests = []
    file.seek(begin)
    for size in sizes:
        content = file.read(size)
        if len(content) < size:
            break
        digests.append(hashlib.sha256(content).hexdigest())
    file.truncate(begin + sum(sizes[: len(digests)]))
    file.seek(0, os.SEEK_END)
    return digests


def _rows(work: Work, shard: Shard, key: str) -> Tensor:
    path = work.path(shard)
    try:
        return load_file(path)[key]
    except (OSError, SafetensorError, KeyError) as problem:
        raise UserError(
            f"shard {str(path)!r} is missing or damaged; delete {str(work.out)!r} and start anew"
        ) from problem


def _stored(rows: Tensor, stored: np.dtype, scaled: Moments | None) -> bytes:
    if scaled is not None:
        rows = (rows.double() - scaled.mean) / scaled.std
    return rows.numpy().astype(stored).tobytes()
