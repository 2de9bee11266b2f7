"""Data as a track hands it to training and evaluation: three splits, scaled to unit variance by one number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

RESIDENT_SHARE = 0.5


@dataclass(frozen=True)
class Split:
    """One split.

    x:      (N, *shape) float32, scaled; float16 where it is read from a memory-mapped file
    labels: (N,) int64
    group:  (N,) int64; rows that are copies of one source image share a number
    pixels: (N, 3, side, side) uint8 images that x was encoded from, where x is not the images themselves
    """

    x: Tensor
    labels: Tensor
    group: Tensor
    pixels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def nbytes(self) -> int:
        return self.x.nbytes

    def to(self, device: torch.device) -> Split:
        """The same split on another device; `pixels` stay where they are."""
        return Split(self.x.to(device), self.labels.to(device), self.group.to(device), self.pixels)

    def subset(self, rows: Tensor) -> Split:
        """The rows with these indices, without their `pixels`."""
        return Split(self.x[rows], self.labels[rows], self.group[rows])

    def group_sample(self, groups: int, rng: np.random.Generator) -> Split:
        """All rows of `groups` source images drawn without replacement."""
        chosen = rng.permutation(np.unique(self.group.cpu().numpy()))[:groups]
        return self.subset(torch.isin(self.group, torch.as_tensor(chosen, device=self.group.device)).nonzero()[:, 0])

    def one_of_each(self, groups: int, rng: np.random.Generator) -> Split:
        """One row, drawn at random, of each of `groups` source images drawn without replacement.

        What is held out has no mirror images: so its neighbours are as many and as dense as those among these rows.
        """
        order = rng.permutation(len(self))
        _, first = np.unique(self.group.cpu().numpy()[order], return_index=True)
        rows = np.sort(order[rng.permutation(first)[:groups]])
        return self.subset(torch.as_tensor(rows, device=self.x.device))


class Truth(Protocol):
    """Data whose optimal denoiser is known in closed form."""

    def eps(self, x: Tensor, logsnr: Tensor) -> Tensor:
        """E[ε | x] for x of shape (B, d) and λ of shape (B,), on the CPU; float64."""


@dataclass(frozen=True)
class Dataset:
    """Three splits and what it takes to undo the scaling.

    classes:    number of labels, 0 for unlabelled data
    mean, std:  of all raw values of the training split: x = (raw − mean) / std; std is the data's σ_data
    levels:     scaled values that a coordinate can take, ascending; None for continuous data
    latent:     whether x are codes of images, whose likelihood is none of the images
    """

    train: Split
    val: Split
    test: Split
    classes: int
    mean: float
    std: float
    levels: Tensor | None = None
    truth: Truth | None = None
    latent: bool = False

    def to(self, device: torch.device) -> Dataset:
        """The same data on another device; training data that are too large for it stay where they are."""
        train = self.train.to(device) if fits(self.train.nbytes, device) else self.train
        return replace(self, train=train, val=self.val.to(device), test=self.test.to(device))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.train.x.shape[1:])


def fits(size: int, device: torch.device) -> bool:
    """Whether `size` bytes may lie on the device for good: on a GPU, in `RESIDENT_SHARE` of what is free."""
    return device.type != "cuda" or size <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]
