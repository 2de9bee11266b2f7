"""MNIST, Fashion-MNIST and CIFAR-10, read and downloaded by torchvision, as 32×32 images.

Test is the official test split. Validation is 5,000 images of the official training split, chosen once with equal class
shares; the rest trains. Raw values are the integers 0…255; MNIST's and Fashion-MNIST's 28×28 images get a black border
of two pixels.

CIFAR-10's training images stand in the split twice, as they are and mirrored, as rows of one `group`. Mirror images are
so a part of the data that the network is to learn, nothing the sampler has to undo.

The files lie in `SNRBENCH_DATA` (default ~/.cache/snrbench), see `harness.data.official_files`. What is downloaded or
made goes there too, unless the folder is only to be read; then it goes to ~/.cache/snrbench.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness import downloads
from harness.data import official_files
from harness.data.dataset import Dataset, Split
from schedules.errors import UserError, text_of

VARIABLE = "SNRBENCH_DATA"
CACHE = "~/.cache/snrbench"
CLASSES = 10
LEVELS = 256
VAL_IMAGES = 5000
SPLIT_SEED = 0
BORDER = 2


def mnist() -> Dataset:
    """Handwritten digits, (N, 1, 32, 32); 55,000 / 5,000 / 10,000 images. LeCun et al. 1998."""
    return load("MNIST", border=BORDER)


def fashion_mnist() -> Dataset:
    """Pieces of clothing, (N, 1, 32, 32); 55,000 / 5,000 / 10,000 images. Xiao et al. 2017 (arXiv:1708.07747)."""
    return load("FashionMNIST", border=BORDER)


def cifar10() -> Dataset:
    """Objects in colour, (N, 3, 32, 32); 45,000 (each twice) / 5,000 / 10,000 images. Krizhevsky 2009."""
    return load("CIFAR10", mirrored=True)


def load(name: str, border: int = 0, mirrored: bool = False, val_images: int = VAL_IMAGES) -> Dataset:
    """The three splits of the torchvision dataset class `name`.

    border:   black pixels added on each side
    mirrored: whether training holds each image's mirror image too

    Raises UserError when the files are not there and cannot be downloaded, or cannot be read.
    """
    unscaled = splits(name, border, val_images)
    mean, std = mean_and_std(unscaled["train"].x)
    scaled = {split: replace(part, x=part.x.float().sub_(mean).div_(std)) for split, part in unscaled.items()}
    return Dataset(
        with_mirror_images(scaled["train"]) if mirrored else scaled["train"],
        scaled["val"],
        scaled["test"],
        classes=CLASSES,
        mean=mean,
        std=std,
        levels=torch.from_numpy((np.arange(LEVELS) - mean) / std),
    )


def splits(name: str, border: int = 0, val_images: int = VAL_IMAGES) -> dict[str, Split]:
    """The three splits before they are scaled: x (N, C, side, side) uint8. Errors as load()."""
    from sklearn.model_selection import train_test_split

    images, labels = official(name, train=True)
    rows = np.arange(len(images))
    train, val = (
        np.sort(part) for part in train_test_split(rows, test_size=val_images, stratify=labels, random_state=SPLIT_SEED)
    )
    test_images, test_labels = official(name, train=False)
    test = len(images) + np.arange(len(test_images))

    def split(images: Tensor, labels: Tensor, group: np.ndarray) -> Split:
        return Split(F.pad(images, [border] * 4), labels, torch.from_numpy(group))

    return {
        "train": split(images[train], labels[train], train),
        "val": split(images[val], labels[val], val),
        "test": split(test_images, test_labels, test),
    }


def check_mnist() -> None:
    """Have the files of MNIST here, downloaded where they have to be. UserError as `official`."""
    official("MNIST", train=True)


def check_fashion_mnist() -> None:
    """Have the files of Fashion-MNIST here, downloaded where they have to be. UserError as `official`."""
    official("FashionMNIST", train=True)


def check_cifar10() -> None:
    """Have the files of CIFAR-10 here, downloaded where they have to be. UserError as `official`."""
    official("CIFAR10", train=True)


def mean_and_std(raw: Tensor) -> tuple[float, float]:
    """Exact mean and standard deviation of bytes, from how often each value occurs."""
    counts, values = np.bincount(raw.numpy().ravel(), minlength=LEVELS), np.arange(LEVELS)
    mean = float(np.average(values, weights=counts))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))


def with_mirror_images(split: Split) -> Split:
    """Every image followed by its left-right mirror image."""
    both = torch.stack([split.x, split.x.flip(-1)], dim=1).flatten(0, 1)
    return Split(both, split.labels.repeat_interleave(2), split.group.repeat_interleave(2))


def official(name: str, train: bool) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) uint8 and labels (N,) int64 of one official split, downloaded when they are not there."""
    folder = root()
    try:
        content = official_files.read(name, train, folder)
        if content is None:
            downloads.begin()
            content = _downloaded(name, train, to_write())
        if content is None:
            raise FileNotFoundError("its files were downloaded, and are not all there")
        images, labels = torch.as_tensor(np.asarray(content.data)), torch.as_tensor(content.targets, dtype=torch.int64)
        return (images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)).contiguous(), labels
    except downloads.WithheldError:
        raise
    except Exception as problem:  # torchvision raises whatever its readers and its downloads raise
        cause = text_of(problem)
        raise UserError(
            f"data set {name} cannot be had in {str(folder)!r}: {cause}; {official_files.expected(name, folder)}. "
            f"Where there is a network, "
            f"`python -P -c \"from torchvision.datasets import {name}; {name}('DIR', download=True)\"` fetches it; "
            f"set {VARIABLE} to that DIR (files that are damaged must be deleted first)"
        ) from problem


def root() -> Path:
    """The folder that holds every data set: `SNRBENCH_DATA`, or ~/.cache/snrbench."""
    return Path(os.environ.get(VARIABLE) or CACHE).expanduser()


def to_write() -> Path:
    """Where downloads and what is made of data are put: `root()`, or the cache where that is only to be read."""
    folder = root()
    above = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    mine = os.access(above, os.W_OK) and not official_files.holds_other_layout(folder)
    return folder if mine else Path(CACHE).expanduser()


def stored_file(name: str) -> Path:
    """A file that was put into the data folder, else where it is to be put."""
    return path if (path := root() / name).exists() else to_write() / name


def one_at_a_time(name: str) -> FileLock:
    """A lock of this user's processes on this machine, which is in no data folder."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    return FileLock(Path(tempfile.gettempdir()) / f"snrbench-{user}-{name}.lock")


def _downloaded(name: str, train: bool, folder: Path) -> official_files.Content | None:
    """Download into `folder`, in torchvision's layout; where that fails nothing is left there."""
    from torchvision import datasets

    with one_at_a_time(name):  # several workers may find it missing at once
        if (content := official_files.read(name, train, folder)) is not None:
            return content
        with tempfile.TemporaryDirectory(prefix="snrbench-") as scratch:
            getattr(datasets, name)(scratch, download=True)
            for file in sorted(path for path in Path(scratch).rglob("*") if path.is_file()):
                place = folder / file.relative_to(scratch)
                place.parent.mkdir(parents=True, exist_ok=True)
                partial = place.with_name(f".{place.name}.partial")
                shutil.copyfile(file, partial)
                os.replace(partial, place)
        return official_files.read(name, train, folder)
