"""Images of one's own: a folder with a subfolder for each class, as torchvision's ImageFolder finds them.

    flowers/daisy/1.jpg  flowers/daisy/2.png  flowers/tulip/…

A folder without subfolders is one class.

Every image is turned upright, and its middle square is kept (`harness.data.image_file`). Each class is split into
training, validation and test by image, in an order that hashes of the files' names give. Raw values are the integers
0…255.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.data import image_file, images
from harness.data.dataset import Dataset, Split
from schedules.errors import UserError, text_of, whole_number

SPLITS = ("train", "val", "test")
MODES = {1: "L", 3: "RGB"}
FEWEST = 2  # images of a class in each split


@functools.lru_cache(maxsize=1)  # the feature space is trained on the data that the track loads
def load(folder: str, side: int, channels: int = 3, val: float = 0.1, test: float = 0.1, contents: str = "") -> Dataset:
    """The three splits; x has shape (N, channels, side, side).

    folder:    with a subfolder for each class; a relative one is looked for in `SNRBENCH_DATA`
    side:      pixels
    channels:  3, or 1 for grey
    val, test: shares of each class's images
    contents:  what contents() says of the folder, so that a run's key changes with the images; others are refused

    Raises UserError where the folder is not there, a class has too few images, or a file can't be read as an image.
    """
    _check_shape(folder, side, channels)
    image_folder = _listed(folder)
    if contents and (digest := _digest(image_folder)) != contents:
        raise UserError(_other_images(folder, digest, contents))
    of_split = _rows_of_splits(image_folder, folder, val, test)
    pixels = [image_file.read(Path(path), side, MODES[channels], upright=True) for path, _ in image_folder.samples]
    raw = torch.from_numpy(np.stack(pixels))
    labels = torch.tensor(image_folder.targets)
    mean, std = images.mean_and_std(raw[sorted(of_split["train"])])
    if std == 0:
        raise UserError(f"image folder {folder!r}: every pixel is {mean:g}; expected images that differ")

    def split(name: str) -> Split:
        rows = torch.tensor(sorted(of_split[name]))
        return Split(raw[rows].float().sub_(mean).div_(std), labels[rows], rows)

    levels = torch.from_numpy((np.arange(images.LEVELS) - mean) / std)
    train, held_val, held_test = (split(name) for name in SPLITS)
    return Dataset(train, held_val, held_test, classes=len(image_folder.classes), mean=mean, std=std, levels=levels)


def sizes(
    folder: str, val: float = 0.1, test: float = 0.1, *, side: int = 1, channels: int = 3, contents: str = ""
) -> dict[str, int]:
    """Images of each split, by their names alone, whatever becomes of their pixels. UserError as `load`."""
    return {name: len(rows) for name, rows in _rows_of_splits(_listed(folder), folder, val, test).items()}


def contents(folder: str) -> str:
    """A hash of the names and sizes of a folder's images: another one as soon as images come, go or are edited."""
    return _digest(_listed(folder))


def _check_shape(folder: str, side: int, channels: int) -> None:
    if channels not in MODES:
        raise UserError(f"image folder {folder!r}: channels is {channels}; expected 1 or 3")
    whole_number(f"image folder {folder!r}: side", side, least=1)


def _rows_of_splits(image_folder: Any, folder: str, val: float, test: float) -> dict[str, list[int]]:
    of_split: dict[str, list[int]] = {name: [] for name in SPLITS}
    for number, class_name in enumerate(image_folder.classes):
        rows = [row for row, (_, label) in enumerate(image_folder.samples) if label == number]
        for into, part in zip(SPLITS, _shared_out(image_folder, rows, val, test), strict=True):
            if len(part) < FEWEST:
                raise UserError(
                    f"image folder {folder!r}: class {class_name!r} has {len(rows)} images, which leaves {len(part)} "
                    f"for {into}; expected at least {FEWEST}"
                )
            of_split[into] += part
    return of_split


def check(
    folder: str, val: float = 0.1, test: float = 0.1, contents: str = "", *, side: int = 1, channels: int = 3
) -> None:
    """UserError where `load` would raise one before it reads an image."""
    _check_shape(folder, side, channels)
    image_folder = _listed(folder)
    _rows_of_splits(image_folder, folder, val, test)
    if contents and (digest := _digest(image_folder)) != contents:
        raise UserError(_other_images(folder, digest, contents))


def files(folder: str) -> list[Path]:
    """Every image of a folder, by name. UserError as `load`."""
    return [Path(path) for path, _ in _listed(folder).samples]


def unused(folder: str) -> int:
    """How many images lie beside subfolders, which are no class's. UserError as `load`."""
    listed = _listed(folder)
    return 0 if isinstance(listed, _Flat) else len(_inside(Path(listed.root))[0])


@dataclass(frozen=True)
class _Flat:
    """A folder without subfolders, as torchvision's ImageFolder would show it."""

    root: Path
    classes: tuple[str, ...]
    samples: list[tuple[str, int]]

    @property
    def targets(self) -> list[int]:
        return [0] * len(self.samples)


def _listed(folder: str) -> Any:
    """torchvision's ImageFolder, or the like of it: `root`, `classes`, `targets`, and `samples` as (path, label)."""
    from torchvision.datasets import ImageFolder

    root = images.root() / Path(folder).expanduser()
    try:
        beside, folders = _inside(root)
        if beside and not folders:
            return _Flat(root, (root.name,), [(str(path), 0) for path in beside])
        if missing := _missing(root, folders):
            raise UserError(f"image folder {str(root)!r} {missing}; expected {_expected()}")
        return ImageFolder(root)
    except OSError as problem:
        raise UserError(f"image folder {str(root)!r}: {text_of(problem)}; expected {_expected()}") from problem


def _inside(root: Path) -> tuple[list[Path], list[Path]]:
    """Images and subfolders of a folder, by name."""
    inside = sorted(root.iterdir())
    return [path for path in inside if path.is_file() and _is_image(path)], [path for path in inside if path.is_dir()]


def _is_image(path: Path) -> bool:
    from torchvision.datasets.folder import is_image_file

    return bool(is_image_file(path.name))


def _missing(root: Path, folders: list[Path]) -> str:
    """Why it is no folder of classes; "" where it is one."""
    without = [
        subfolder.name for subfolder in folders if not any(_is_image(Path(name)) for name in _names_below(subfolder))
    ]
    if without:
        return f"has no image in its subfolder {without[0]!r}" + (f" and {len(without) - 1} more" * (len(without) > 1))
    if folders:
        return ""
    other = next((path.name for path in sorted(root.iterdir())), "")
    return f"has no images, but {other!r}" if other else "is empty"


def _names_below(folder: Path) -> Iterator[str]:
    return (name for _, _, names in os.walk(folder, followlinks=True) for name in names)


def _expected() -> str:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return f"images that end in {', '.join(IMG_EXTENSIONS)}, or a subfolder of them for each class"


def _other_images(folder: str, digest: str, declared: str) -> str:
    return f"image folder {folder!r} has other images than its track says: {digest}, expected {declared}"


def _digest(image_folder: Any) -> str:
    listing = "\n".join(f"{_name(image_folder, path)} {Path(path).stat().st_size}" for path, _ in image_folder.samples)
    return hashlib.sha256(listing.encode()).hexdigest()[:16]


def _name(image_folder: Any, path: str) -> str:
    return Path(path).relative_to(image_folder.root).as_posix()


def _shared_out(image_folder: Any, rows: list[int], val: float, test: float) -> tuple[list[int], list[int], list[int]]:
    """Rows of one class for each split."""
    order = sorted(
        rows, key=lambda row: hashlib.sha256(_name(image_folder, image_folder.samples[row][0]).encode()).digest()
    )
    first, second = round(len(rows) * test), round(len(rows) * test) + round(len(rows) * val)
    return order[second:], order[first:second], order[:first]
