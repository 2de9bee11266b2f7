"""Images of one's own: a folder with a subfolder for each class, as `harness.data.class_folders` finds them.

    flowers/daisy/1.jpg  flowers/daisy/2.png  flowers/tulip/…

A folder without subfolders is one class.

Every image is turned upright, and its middle square is kept (`harness.data.image_file`). Each class is split into
training, validation and test by image, in an order that hashes of the files' names give. Raw values are the integers
0…255.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from harness.data import image_file, images
from harness.data.class_folders import ClassFolders, bytes_of_name, class_folders, is_image, subfolders
from harness.data.dataset import Dataset, Split
from schedules.errors import UserError, text_of, whole_number

SPLITS = ("train", "val", "test")
MODES = {1: "L", 3: "RGB"}
FEWEST = 2  # images of a class in each split
OF_EQUAL_SIZE = (".bmp", ".pgm", ".ppm", ".tif", ".tiff")
"""Formats without compression, where another picture of the same sides has the same size."""


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
    """A hash of the names and sizes of a folder's images, and of every byte of those in formats of `OF_EQUAL_SIZE`.

    Another one as soon as images come or go, are named otherwise, or are edited: an edited PNG, JPEG or WebP that has
    exactly as many bytes as before is not noticed.
    """
    return _digest(_listed(folder))


def _check_shape(folder: str, side: int, channels: int) -> None:
    if channels not in MODES:
        raise UserError(f"image folder {folder!r}: channels is {channels}; expected 1 or 3")
    whole_number(f"image folder {folder!r}: side", side, least=1)


def _rows_of_splits(image_folder: ClassFolders, folder: str, val: float, test: float) -> dict[str, list[int]]:
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


def counts(folder: str) -> tuple[int, ...]:
    """How many images each class has. UserError as `load`."""
    listed = _listed(folder)
    of_class = Counter(listed.targets)
    return tuple(of_class[number] for number in range(len(listed.classes)))


def unused(folder: str) -> int:
    """How many images lie beside subfolders, which are no class's. UserError as `load`."""
    listed = _listed(folder)
    return len(_beside(listed.root)) if subfolders(listed.root) else 0


def _listed(folder: str) -> ClassFolders:
    root = images.root() / Path(folder).expanduser()
    try:
        listed = class_folders(root)
        if not listed.classes and (beside := _beside(root)):
            return ClassFolders(root, (root.name,), tuple((str(path), 0) for path in beside))
        if missing := _missing(listed):
            raise UserError(f"image folder {str(root)!r} {missing}; expected {_expected()}")
        return listed
    except OSError as problem:
        raise UserError(f"image folder {str(root)!r}: {text_of(problem)}; expected {_expected()}") from problem


def _beside(root: Path) -> list[Path]:
    """Images of the folder itself, by name."""
    return sorted(path for path in root.iterdir() if path.is_file() and is_image(path.name))


def _missing(listed: ClassFolders) -> str:
    """Why it is no folder of classes; "" where it is one."""
    if without := listed.empty:
        return f"has no image in its subfolder {without[0]!r}" + (f" and {len(without) - 1} more" * (len(without) > 1))
    if listed.classes:
        return ""
    other = next((path.name for path in sorted(listed.root.iterdir())), "")
    return f"has no images, but {other!r}" if other else "is empty"


def _expected() -> str:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return f"images that end in {', '.join(IMG_EXTENSIONS)}, or a subfolder of them for each class"


def _other_images(folder: str, digest: str, declared: str) -> str:
    return f"image folder {folder!r} has other images than its track says: {digest}, expected {declared}"


def _digest(image_folder: ClassFolders) -> str:
    listing = "\n".join(f"{_name(image_folder, path)} {_size_or_more(Path(path))}" for path, _ in image_folder.samples)
    return hashlib.sha256(bytes_of_name(listing)).hexdigest()[:16]


def _size_or_more(file: Path) -> str:
    size = str(file.stat().st_size)
    if file.suffix.lower() not in OF_EQUAL_SIZE:
        return size
    try:
        with file.open("rb") as content:
            return f"{size} {hashlib.file_digest(content, 'sha256').hexdigest()}"
    except OSError as problem:
        raise UserError(f"image {str(file)!r} cannot be read: {text_of(problem)}") from problem


def _name(image_folder: ClassFolders, path: str) -> str:
    return Path(path).relative_to(image_folder.root).as_posix()


def _shared_out(
    image_folder: ClassFolders, rows: list[int], val: float, test: float
) -> tuple[list[int], list[int], list[int]]:
    """Rows of one class for each split."""
    names = {row: bytes_of_name(_name(image_folder, image_folder.samples[row][0])) for row in rows}
    order = sorted(rows, key=lambda row: hashlib.sha256(names[row]).digest())
    first, second = round(len(rows) * test), round(len(rows) * test) + round(len(rows) * val)
    return order[second:], order[first:second], order[:first]
