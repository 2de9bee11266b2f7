"""Data as a track hands it to training and evaluation: three splits, scaled to unit variance by one number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """One split.

    x:      (N, *shape) float32, scaled
    labels: (N,) int64
    group:  (N,) int64; rows that are copies of one source image share a number
    """

    x: Tensor
    labels: Tensor
    group: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device) -> Split:
        """The same split on another device."""
        return Split(self.x.to(device), self.labels.to(device), self.group.to(device))

    def subset(self, rows: Tensor) -> Split:
        """The rows with these indices."""
        return Split(self.x[rows], self.labels[rows], self.group[rows])

    def group_sample(self, groups: int, rng: np.random.Generator) -> Split:
        """All rows of `groups` source images drawn without replacement."""
        chosen = rng.permutation(np.unique(self.group.cpu().numpy()))[:groups]
        return self.subset(torch.isin(self.group, torch.as_tensor(chosen, device=self.group.device)).nonzero()[:, 0])


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
    """

    train: Split
    val: Split
    test: Split
    classes: int
    mean: float
    std: float
    levels: Tensor | None = None
    truth: Truth | None = None

    def to(self, device: torch.device) -> Dataset:
        """The same data on another device."""
        return replace(self, train=self.train.to(device), val=self.val.to(device), test=self.test.to(device))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.train.x.shape[1:])
