"""MNIST, Fashion-MNIST and CIFAR-10, read and downloaded by torchvision, as 32×32 images.

Test is the official test split. Validation is 5,000 images of the official training split, chosen once with equal class
shares; the rest trains. Raw values are the integers 0…255; MNIST's and Fashion-MNIST's 28×28 images get a black border
of two pixels.

CIFAR-10's training images stand in the split twice, as they are and mirrored, as rows of one `group`. Mirror images are
so a part of the data that the network is to learn, nothing the sampler has to undo.

The files lie in `SNRBENCH_DATA` (default ~/.cache/snrbench), in torchvision's layout.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness.data.dataset import Dataset, Split
from schedules.errors import UserError

VARIABLE = "SNRBENCH_DATA"
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
    found = splits(name, border, val_images)
    mean, std = mean_and_std(found["train"].x)
    scaled = {split: replace(part, x=part.x.float().sub_(mean).div_(std)) for split, part in found.items()}
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
    """Have the files here, downloaded where they have to be. UserError as `official`."""
    official("MNIST", train=True)


def check_fashion_mnist() -> None:
    """As `check_mnist`."""
    official("FashionMNIST", train=True)


def check_cifar10() -> None:
    """As `check_mnist`."""
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
        found = _read_or_download(name, train, folder)
        images, labels = torch.as_tensor(np.asarray(found.data)), torch.as_tensor(found.targets, dtype=torch.int64)
        return (images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)).contiguous(), labels
    except Exception as problem:  # torchvision raises whatever its readers and its downloads raise
        cause = " ".join(str(problem).split()) or type(problem).__name__
        raise UserError(
            f"data set {name} cannot be had in {str(folder)!r}: {cause}. Where there is a network, "
            f"`python -c \"from torchvision.datasets import {name}; {name}('DIR', download=True)\"` fetches it; "
            f"set {VARIABLE} to that DIR (files that are damaged must be deleted first)"
        ) from problem


def root() -> Path:
    """The folder that holds every data set: `SNRBENCH_DATA`, or ~/.cache/snrbench."""
    return Path(os.environ.get(VARIABLE) or "~/.cache/snrbench").expanduser()


def _read_or_download(name: str, train: bool, folder: Path) -> Any:
    from torchvision import datasets

    kind = getattr(datasets, name)
    try:
        return kind(folder, train=train)
    except RuntimeError:
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{name}.lock"):  # several workers may find it missing at once
            return kind(folder, train=train, download=True)
