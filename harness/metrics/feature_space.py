"""What evaluation asks of a feature space: one face for a network over data, and for one over the images behind them.

A track's `features` is any module from data (N, *shape) to features (N, d); `space_of` gives it this face.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from harness.data.dataset import Dataset, Split

AT_ONCE = 512
"""Rows whose features are computed in one call."""


class FeatureSpace(nn.Module):
    """Base of feature spaces that know more of the data than their values. Called: (N, *shape) → (N, d)."""

    def scaled_as(self, data: Dataset) -> Self:
        """The same, for data scaled by this data set's mean and standard deviation."""
        return self

    @torch.inference_mode()
    def of(self, x: Tensor) -> Tensor:
        """Features (N, d) of data (N, *)."""
        return torch.cat([self(part) for part in x.split(AT_ONCE)])

    def of_samples(self, x: Tensor) -> Tensor:
        """Features of samples (N, *); no numbers for a sample that is none, which as an image could look like one."""
        sound = torch.isfinite(x).flatten(1).all(dim=1, keepdim=True)
        return self.of(x).masked_fill(~sound, torch.nan)

    def of_split(self, split: Split, device: torch.device) -> Tensor:
        """Features of a whole split."""
        return self.of(split.x)

    def of_rows(self, split: Split, rows: Tensor, whole: Tensor) -> Tensor:
        """Features of some rows of a split, whose features are `whole`."""
        return self.of(split.x[rows])

    def pictures(self, x: Tensor, like: Tensor) -> Tensor:
        """x (N, *shape) as it is shown, with values in [0, 1]: by the range of `like` where they are no images."""
        low, high = like.min(), like.max()
        return ((x - low) / (high - low)).clamp(0, 1)


class PlainSpace(FeatureSpace):
    """The space of a module that is no more than a function of the data."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.features(x)
        return features


def space_of(features: nn.Module, data: Dataset) -> FeatureSpace:
    """A track's feature space, for its data."""
    return (features if isinstance(features, FeatureSpace) else PlainSpace(features)).scaled_as(data)
