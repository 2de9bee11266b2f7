"""Latents of one's own in a file: .npy, .npz or .safetensors with (N, *shape) floats, and a label for each if any.

    latents.npz          latents (N, 4, 32, 32) float32, labels (N,) int
    latents.npy          the latents alone: one class

In a file of several arrays the latents are called `latents`, `x` or `z`, else they are the only one of floats with two
axes or more; the labels are called `labels` or `y`. Rows of each class are split into training, validation and test
once, at random. One mean and one standard deviation, over every value of the training split, scale them to unit
variance.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from harness.data import images
from harness.data.dataset import Dataset, Split
from schedules.errors import UserError, text_of

ENDINGS = (".npy", ".npz", ".safetensors")
LATENTS, LABELS = ("latents", "x", "z"), ("labels", "y")
SPLITS = ("train", "val", "test")
SEED = 0
FEWEST = 2


@functools.lru_cache(maxsize=1)
def load(file: str, val: float = 0.1, test: float = 0.1, contents: str = "") -> Dataset:
    """The three splits.

    file:      a relative one is looked for in `SNRBENCH_DATA`
    val, test: shares of each class's rows
    contents:  what contents() says of the file, so that a run's key changes with it; others are refused

    UserError: not there, no latents in it, values that are not finite or all the same, a class of too few rows
    """
    check(file, val, test, contents)
    x, labels = read(file)
    splits = _rows_of_splits(file, labels, val, test)
    raw = x[splits["train"]].astype(np.float64)
    mean, std = float(raw.mean()), float(raw.std())
    if std == 0:
        raise UserError(f"latents {file!r}: every value is {mean:g}; expected values that differ")
    train, held_val, held_test = (
        Split(
            torch.from_numpy(((x[rows] - mean) / std).astype(np.float32)),
            torch.from_numpy(labels[rows]),
            torch.from_numpy(rows),
        )
        for rows in splits.values()
    )
    classes = int(labels.max()) + 1
    return Dataset(train, held_val, held_test, classes, mean, std, latent=True)


def check(file: str, val: float = 0.1, test: float = 0.1, contents: str = "") -> None:
    """UserError as `load`, before any run."""
    x, labels = read(file)
    if contents and (digest := _digest(_place(file))) != contents:
        raise UserError(f"latents {file!r} are others than the track says: {digest}, expected {contents}")
    _rows_of_splits(file, labels, val, test)
    if not np.isfinite(x).all():
        raise UserError(f"latents {file!r} hold values that are not finite")


def sizes(file: str, val: float = 0.1, test: float = 0.1, contents: str = "") -> dict[str, int]:
    """Rows of each split."""
    return {name: len(rows) for name, rows in _rows_of_splits(file, read(file)[1], val, test).items()}


def contents(file: str) -> str:
    """A hash of the file."""
    return _digest(_place(file))


def read(file: str) -> tuple[np.ndarray, np.ndarray]:
    """Latents (N, *shape) and labels (N,) int64, 0 … classes − 1. UserError for a file that has none."""
    path = _place(file)
    if path.suffix not in ENDINGS:
        raise UserError(f"latents {str(path)!r}: expected a file that ends in {', '.join(ENDINGS)}")
    try:
        arrays = _arrays(path)
    except Exception as problem:  # whatever NumPy, zipfile and safetensors raise
        reason = "objects in it, or no file of NumPy's" if "allow_pickle" in str(problem) else text_of(problem)
        raise UserError(f"latents {str(path)!r} cannot be read: {reason}") from problem
    x = _latents(str(path), arrays)
    raw_labels = next((arrays[name] for name in LABELS if name in arrays), None)
    if raw_labels is None:
        return x, np.zeros(len(x), dtype=np.int64)
    if raw_labels.shape != (len(x),) or not np.issubdtype(raw_labels.dtype, np.integer):
        raise UserError(
            f"latents {str(path)!r}: labels are {raw_labels.dtype} {raw_labels.shape}; expected {len(x)} integers"
        )
    _, labels = np.unique(raw_labels, return_inverse=True)
    return x, labels.astype(np.int64)


def _place(file: str) -> Path:
    path: Path = images.root() / Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"latents {str(path)!r}: no such file")
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    if path.suffix == ".npy":
        return {LATENTS[0]: np.load(path)}
    if path.suffix == ".npz":
        with np.load(path) as opened:
            return dict(opened)
    from safetensors.torch import load_file

    return {name: (x.float() if x.is_floating_point() else x).numpy() for name, x in load_file(path).items()}


def _latents(file: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    held = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items()) or "nothing"
    named = [arrays[name] for name in LATENTS if name in arrays]
    able = named[:1] or [x for x in arrays.values() if np.issubdtype(x.dtype, np.floating) and x.ndim > 1]
    if len(able) != 1 or not np.issubdtype(able[0].dtype, np.floating) or able[0].ndim < 2:
        raise UserError(f"{file!r} holds {held}; expected latents, (N, *shape) floats called {' or '.join(LATENTS)}")
    if able[0].size == 0:
        raise UserError(f"latents {file!r} are {able[0].shape}; expected rows of one value or more")
    return able[0]


def _rows_of_splits(file: str, labels: np.ndarray, val: float, test: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in SPLITS}
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        first, second = round(len(rows) * test), round(len(rows) * test) + round(len(rows) * val)
        for name, part in zip(SPLITS, (rows[second:], rows[first:second], rows[:first]), strict=True):
            if len(part) < FEWEST:
                raise UserError(
                    f"latents {file!r}: class {label} has {len(rows)} rows, which leaves {len(part)} for {name}; "
                    f"expected at least {FEWEST}"
                )
            parts[name].append(part)
    return {name: np.sort(np.concatenate(of_classes)) for name, of_classes in parts.items()}
