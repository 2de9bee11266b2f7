"""Data that `snrbench tracks prepare` made of a folder of images: what is on the disk, and how it is read.

    <SNRBENCH_DATA>/<name>/index.json      what the data are and a checksum for each shard; written last
                           train.npy …     (rows, *shape) float16, scaled to mean 0 and variance 1 over all of train
                           train_labels.npy, train_group.npy …
                           test_pixels.npy the held-out images themselves, uint8, which latents are measured against
                           vae/            the VAE of latents, encoder and decoder

The training split stands in memory only as far as it is read: a file that is mapped, of which the system keeps what
there is room for. Where images have mirror images, both are rows of one group.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from harness.data.dataset import Dataset, Split
from harness.data.images import LEVELS, VARIABLE, root
from schedules.errors import UserError, text_of

INDEX = "index.json"
SPLITS = ("train", "val", "test")
CHUNK = 4096


class Declared(BaseModel):
    """What a track says of its data.

    name:          of the folder
    side:          of the images, in pixels
    vae:           name of the VAE whose latents the data are; "" for pixels
    classes:       number of classes
    val_per_class: training images of each class that validate
    mirrored:      whether training holds each image's mirror image too
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    side: int
    vae: str = ""
    classes: int = 1000
    val_per_class: int = 10
    mirrored: bool = True

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Declared:
        """What a track's options declare. UserError for a misspelt, missing or impossible one."""
        try:
            return cls(**options)
        except ValidationError as problem:
            first = problem.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise UserError(
                f"prepared data {options.get('name', '')!r}: option {name!r}: {first['msg'].lower()}; "
                f"they have {', '.join(cls.model_fields)}"
            ) from problem

    @property
    def folder(self) -> Path:
        return root() / self.name


class Index(BaseModel):
    """What a folder of prepared data holds.

    declared:      what the track asked for
    vae_sha256:    of the VAE's weights; "" for pixels
    scaling:       the VAE's own scaling factor, which is in the data before they are scaled; 1 for pixels
    preprocessing: how images were cropped; stored: what a row is
    mean, std:     of all values of the training split before scaling: x = (raw − mean) / std
    noise_share:   share of the training split's variance that is the posterior's
    images_digest: of the names of the images
    rows:          of each split; shards: SHA-256 of each shard of each file, `shard_rows` rows each
    """

    model_config = ConfigDict(frozen=True)

    declared: Declared
    vae_sha256: str
    scaling: float
    preprocessing: str
    stored: str
    classes: tuple[str, ...]
    images_digest: str
    shape: tuple[int, ...]
    mean: float
    std: float
    noise_share: float
    rows: dict[str, int]
    shard_rows: dict[str, int]
    shards: dict[str, tuple[str, ...]]


def load(**declared: Any) -> Dataset:
    """The three splits of a track that was prepared; x (N, *shape), the training split's memory-mapped.

    UserError where it was not prepared, or is not what the track declares.
    """
    declaration = Declared.of(declared)
    index = check(**declared)
    train, val, test = (_split(declaration.folder, name, index) for name in SPLITS)
    levels = None if declaration.vae else torch.from_numpy((np.arange(LEVELS) - index.mean) / index.std)
    classes, latent = len(index.classes), bool(declaration.vae)
    return Dataset(train, val, test, classes, index.mean, index.std, levels, latent=latent)


def check(**declared: Any) -> Index:
    """The index. UserError: nothing prepared, prepared otherwise than declared, or a file that is not whole."""
    declaration = Declared.of(declared)
    path = declaration.folder / INDEX
    if not path.is_file():
        raise UserError(
            f"{declaration.name} is not prepared in {str(declaration.folder)!r}: "
            f"`snrbench tracks prepare {declaration.name}-v1 --images DIR` makes it; {VARIABLE} names another folder"
        )
    index = read_index(path)
    if index.declared != declaration:
        differs = {k: v for k, v in index.declared.model_dump().items() if v != getattr(declaration, k)}
        name, value = next(iter(differs.items()))
        raise UserError(f"{str(path)!r} says {name} is {value!r}; the track declares {getattr(declaration, name)!r}")
    for name in SPLITS:
        file = declaration.folder / f"{name}.npy"
        shape = mapped(file).shape
        if shape != (index.rows[name], *index.shape):
            raise UserError(f"{str(file)!r} has shape {shape}; the index says {(index.rows[name], *index.shape)}")
    return index


def digest(**declared: Any) -> str:
    """Tells apart data of one declaration that were made of other images, by another VAE or on another machine.

    "" on a machine that has none, as one that only records what others ran.
    """
    path = Declared.of(declared).folder / INDEX
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""


def read_index(path: Path) -> Index:
    """UserError for one that cannot be read."""
    try:
        return Index(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as problem:
        raise UserError(f"index {str(path)!r} is damaged; delete the folder and prepare again") from problem


def mapped(file: Path) -> np.ndarray:
    """An array that is read where it is touched. UserError for a file that is missing or not whole."""
    try:
        return np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as problem:
        raise UserError(
            f"{str(file)!r} is missing or damaged: {text_of(problem)}; delete the folder and prepare again"
        ) from problem


def tensor_of(array: np.ndarray, shuffled: bool = False) -> Tensor:
    """A tensor over the same memory. shuffled: rows will be read in any order, so that reading ahead is no use"""
    if shuffled and isinstance(array.base, mmap.mmap):
        array.base.madvise(mmap.MADV_RANDOM)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody writes to it
        return torch.from_numpy(array)


def _split(folder: Path, name: str, index: Index) -> Split:
    labels, group = (torch.from_numpy(np.load(folder / f"{name}_{field}.npy")) for field in ("labels", "group"))
    x = tensor_of(mapped(folder / f"{name}.npy"), shuffled=name == "train")
    if name == "train":
        return Split(x, labels, group)
    pixels = tensor_of(mapped(folder / f"{name}_pixels.npy"))
    if index.declared.vae:
        return Split(x.float(), labels, group, pixels)
    exact = torch.cat([(part.float() - index.mean) / index.std for part in pixels.split(CHUNK)])
    return Split(exact, labels, group)
