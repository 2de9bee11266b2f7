"""Images below a folder for each class, in the order of torchvision's ImageFolder.

That one follows links round in circles. Here a link to a folder that it lies in, or that its class has been through, is
passed over; every other link is followed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClassFolders:
    """samples: (path, number of its class), class by class"""

    root: Path
    classes: tuple[str, ...]
    samples: tuple[tuple[str, int], ...]

    @property
    def targets(self) -> list[int]:
        return [label for _, label in self.samples]

    @property
    def empty(self) -> tuple[str, ...]:
        """Classes without images."""
        labels = set(self.targets)
        return tuple(name for number, name in enumerate(self.classes) if number not in labels)


def class_folders(root: Path) -> ClassFolders:
    """What is there. OSError where the folder itself cannot be read."""
    classes = tuple(folder.name for folder in subfolders(root))
    samples = (
        (path, number) for number, name in enumerate(classes) for path in _images_below(root / name, within=root)
    )
    return ClassFolders(root, classes, tuple(samples))


def subfolders(root: Path) -> list[Path]:
    """By name, without links to the folder itself or to one that it lies in."""
    above = _with_parents(os.path.realpath(root))
    return sorted(path for path in root.iterdir() if path.is_dir() and os.path.realpath(path) not in above)


def is_image(name: str) -> bool:
    """By the ending of its name."""
    from torchvision.datasets.folder import is_image_file

    return bool(is_image_file(name))


def bytes_of_name(name: str) -> bytes:
    """UTF-8, and of a name that is none the bytes that it has on the disk."""
    return name.encode("utf-8", "surrogateescape")


def is_text(name: str) -> bool:
    """Whether a name is UTF-8 on the disk, so that it can be written to a file."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _images_below(folder: Path, within: Path) -> list[str]:
    walked = _with_parents(os.path.realpath(within))
    names_of: dict[str, list[str]] = {}
    for path, subfolder_names, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(path)
        if real in walked:
            subfolder_names.clear()
            continue
        walked.add(real)
        above = _with_parents(real)
        subfolder_names[:] = sorted(
            name for name in subfolder_names if os.path.realpath(os.path.join(path, name)) not in above
        )
        names_of[path] = sorted(name for name in names if is_image(name))
    return [os.path.join(path, name) for path in sorted(names_of) for name in names_of[path]]


def _with_parents(path: str) -> set[str]:
    return {path, *map(str, Path(path).parents)}
