"""Where files of MNIST, Fashion-MNIST and CIFAR-10 may lie, packed or not, and their content. Reading writes nothing.

    <folder>/MNIST/raw/train-images-idx3-ubyte    torchvision's own layout, each file as it is or with `.gz`
    <folder>/train-images-idx3-ubyte.gz           the four files alone, as Debian's package `dataset-fashion-mnist` has
    <folder>/fashion-mnist/…                      them in /usr/share/datasets/fashion-mnist
    <folder>/cifar-10-batches-py/data_batch_1     torchvision's own layout
    <folder>/cifar-10-python.tar.gz               or packed, as it is downloaded

MNIST's files and Fashion-MNIST's have the same names, so that those outside of a folder of their name are told apart by
the checksum of their test labels.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = {
    (part, kind): f"{part}-{kind}" for part in ("train", "t10k") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
}
FLAT = {"MNIST": "mnist", "FashionMNIST": "fashion-mnist"}
"""What a folder with the files of a data set is called elsewhere than by torchvision."""
TEST_LABELS = {
    "MNIST": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    "FashionMNIST": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""SHA-256 of the file of the test labels, unpacked."""
SYSTEM = Path("/usr/share/datasets")
PACKED = {"CIFAR10": "cifar-10-python.tar.gz"}


@dataclass(frozen=True)
class Content:
    """What torchvision's data sets hold: images (N, H, W[, 3]) uint8, and a label for each."""

    data: Any
    targets: Any


def read(name: str, train: bool, folder: Path) -> Content | None:
    """One official split of a data set in `folder`, else of the system's; None where its files are in neither.

    name: torchvision's class. Raises whatever its readers raise for files that are damaged.
    """
    if name in PACKED:
        return _read_archive(name, train, folder)
    place = _place(name, folder)
    if place is None:
        return None
    from torchvision.datasets import mnist

    part = "train" if train else "t10k"
    images, labels = (_plain_or_packed(place, FILES[part, kind]) for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    return Content(_unpacked(mnist.read_image_file, images), _unpacked(mnist.read_label_file, labels))


def holds_other_layout(folder: Path) -> bool:
    """Whether somebody's files of a data set lie in a folder otherwise than torchvision puts them: not ours to fill."""
    return any(_complete(place) for name in FLAT for place in _flat(name, folder))


def files(name: str, folder: Path) -> list[Path] | None:
    """The four files of MNIST or Fashion-MNIST as `read` would take them, packed or not; None where it takes none."""
    place = _place(name, folder)
    return None if place is None else [_plain_or_packed(place, file) for file in FILES.values()]


def expected(name: str, folder: Path) -> str:
    """Which files are looked for, and where, in words."""
    if name in PACKED:
        return f"expected cifar-10-batches-py, or {PACKED[name]}, in {str(folder)!r}"
    names = ", ".join(FILES.values())
    return (
        f"expected {names}, each as it is or as .gz, in {str(folder / name / 'raw')!r}, "
        f"in {str(folder / FLAT[name])!r} or in {str(folder)!r} itself"
    )


def _flat(name: str, folder: Path) -> list[Path]:
    return [folder, folder / FLAT[name]]


def _place(name: str, folder: Path) -> Path | None:
    if _complete(own := folder / name / "raw"):
        return own
    others = [*_flat(name, folder), SYSTEM / FLAT[name]]
    return next((place for place in others if _complete(place) and _is_of(name, place)), None)


def _complete(place: Path) -> bool:
    return all(_plain_or_packed(place, file).is_file() for file in FILES.values())


def _is_of(name: str, place: Path) -> bool:
    labels = _plain_or_packed(place, FILES["t10k", "labels-idx1-ubyte"])
    digest: str = _unpacked(lambda path: hashlib.sha256(Path(path).read_bytes()).hexdigest(), labels)
    return digest == TEST_LABELS[name]


def _plain_or_packed(place: Path, file: str) -> Path:
    """The file as it is, else the packed one."""
    plain = place / file
    return plain if plain.is_file() else plain.with_name(f"{file}.gz")


def _unpacked(reader: Any, path: Path) -> Any:
    """What a reader of plain files makes of one that may be packed."""
    if path.suffix != ".gz":
        return reader(os.fspath(path))
    with tempfile.TemporaryDirectory(prefix="snrbench-") as scratch:
        plain = Path(scratch) / path.stem
        with gzip.open(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file)
        return reader(os.fspath(plain))


def _read_archive(name: str, train: bool, folder: Path) -> Content | None:
    from torchvision import datasets

    kind = getattr(datasets, name)
    with contextlib.suppress(RuntimeError):  # not there, or not all of it
        dataset = kind(folder, train=train)
        return Content(dataset.data, dataset.targets)
    archive = folder / PACKED[name]
    if not archive.is_file():
        return None
    with tempfile.TemporaryDirectory(prefix="snrbench-") as scratch:
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        dataset = kind(scratch, train=train)
        return Content(dataset.data, dataset.targets)
