"""What travels to a machine that has no network, and back: a track's data, and what a store recorded.

    <folder>/MNIST/raw/train-images-idx3-ubyte.gz …    the data, as `harness.data.official_files` reads them
    store.tar.gz                                       a store without its networks' weights and half of its pictures

A store that lies elsewhere than it was written opens all the same (`harness.results.artifact_places`).
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from harness.data import official_files
from harness.data.images import root
from schedules.errors import UserError

DATA = {"mnist": "MNIST", "fashion": "FashionMNIST"}
"""First word of a track's name, and torchvision's name of its data; other tracks here bring theirs along."""
LEFT_OUT = ("*.safetensors", "nearest.png", "*.lock", "checkpoints/*/*")
"""Of a store. Weights are nearly all of it, pictures nearly all of the rest (mnist-latent: 0.2 MB of 0.22 a run), and
neither a board nor a release reads them. The samples travel all the same, the nearest training images do not."""


def pack_data(track: str, folder: Path) -> list[Path]:
    """Write a track's data into a folder, packed. UserError where they are not here."""
    name = data_of(track)
    if name is None:
        return []
    files = official_files.files(name, root())
    if files is None:
        raise UserError(f"no {name} here: {official_files.expected(name, root())}")
    target = folder / name / "raw"
    target.mkdir(parents=True, exist_ok=True)
    return [_packed(file, target) for file in files]


def unpack_data(folder: Path, target: Path) -> None:
    """Write the data of `pack_data` into another folder, as plain files, so that not every worker unpacks them."""
    for packed in sorted(folder.rglob("*.gz")):
        plain = target / packed.relative_to(folder).with_suffix("")
        plain.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(packed) as source, plain.open("wb") as file:
            shutil.copyfileobj(source, file)


def data_of(track: str) -> str | None:
    """torchvision's name of what a track needs; None where it needs nothing that has to be brought."""
    return DATA.get(track.partition("-")[0])


def pack_store(store: Path, archive: Path) -> None:
    """Everything that is needed to read, publish and bundle a store's runs elsewhere."""
    pack(store, archive, lambda file: not any(file.match(pattern) for pattern in LEFT_OUT))


def pack(folder: Path, archive: Path, wanted: Callable[[Path], bool]) -> None:
    """The wanted files of a folder, by their places in it."""
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and wanted(file):
                tar.add(file, arcname=str(file.relative_to(folder)))


def _packed(file: Path, folder: Path) -> Path:
    target = folder / f"{file.name.removesuffix('.gz')}.gz"
    if file.suffix == ".gz":
        return Path(shutil.copyfile(file, target))
    with file.open("rb") as source, gzip.GzipFile(target, "wb", mtime=0) as packed:
        shutil.copyfileobj(source, packed)
    return target
