"""A folder of images, a subfolder for each class under `train/` and `val/` as ImageNet has them.

Held out are the images of `val/`: they are the test split. Validation is `val_per_class` images of each class of
`train/`, chosen once; the rest trains.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data.class_folders import bytes_of_name, class_folders, is_text
from schedules.errors import UserError

SPLIT_SEED = 0


@dataclass(frozen=True)
class Listed:
    """Images of one split: paths relative to the folder, and a class for each.

    group: (N,) numbers that no image of another split has
    """

    files: tuple[str, ...]
    labels: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True)
class Folder:
    """What is in a folder, split by split, in a fixed order. digest: of every path, in that order"""

    root: Path
    classes: tuple[str, ...]
    splits: dict[str, Listed]

    @property
    def digest(self) -> str:
        hasher = hashlib.sha256()
        for name, split in self.splits.items():
            hasher.update(bytes_of_name("\n".join([name, *split.files, ""])))
        return hasher.hexdigest()


def listed(root: Path, val_per_class: int) -> Folder:
    """The images of a folder. UserError: no such folder; other classes in `val/`; a class with too few images."""
    for name in ("train", "val"):
        if not (root / name).is_dir():
            raise UserError(f"--images {str(root)!r}: no folder {name!r} in it; expected train/CLASS/… and val/CLASS/…")
    classes, train = _read(root, "train")
    in_val, test = _read(root, "val")
    if classes != in_val:
        odd = sorted(set(classes) ^ set(in_val))
        raise UserError(
            f"--images {str(root)!r}: train and val have other classes than each other, as {odd[0]!r} "
            f"({len(odd)} in all); expected the same folders in both"
        )
    files, labels = train
    rng = np.random.default_rng(SPLIT_SEED)
    chosen = []
    for label, name in enumerate(classes):
        rows = np.flatnonzero(labels == label)
        if len(rows) < val_per_class + 1:
            raise UserError(
                f"--images {str(root)!r}: class {name!r} has {len(rows)} training images; expected at least "
                f"{val_per_class + 1}, as {val_per_class} are for validation"
            )
        chosen.append(np.sort(rng.permutation(rows)[:val_per_class]))
    val_rows = np.concatenate(chosen)
    train_rows = np.setdiff1d(np.arange(len(files)), val_rows)
    splits = {
        "train": Listed(tuple(files[row] for row in train_rows), labels[train_rows], train_rows),
        "val": Listed(tuple(files[row] for row in val_rows), labels[val_rows], val_rows),
        "test": Listed(tuple(test[0]), test[1], len(files) + np.arange(len(test[0]))),
    }
    return Folder(root, tuple(classes), splits)


def _read(root: Path, part: str) -> tuple[list[str], tuple[list[str], np.ndarray]]:
    image_folder = class_folders(root / part)
    if not image_folder.classes:
        raise UserError(f"--images {str(root)!r}: {part}: no class folder in it; expected {part}/CLASS/…")
    if empty := image_folder.empty:
        others = f" and {len(empty) - 1} more" * (len(empty) > 1)
        raise UserError(f"--images {str(root)!r}: {part}: no image in class {empty[0]!r}{others}")
    if odd := [name for name in image_folder.classes if not is_text(name)]:
        raise UserError(
            f"--images {str(root)!r}: {part}: the name of class {odd[0]!r} is not UTF-8; expected one that is"
        )
    files = [str(Path(path).relative_to(root)) for path, _ in image_folder.samples]
    return list(image_folder.classes), (files, np.array(image_folder.targets, dtype=np.int64))
