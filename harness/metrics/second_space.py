"""A second feature space beside a track's own: Fréchet distances in it, at the full budget."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.metrics.frechet import Moments, frechet_distance
from harness.metrics.image_features import ImageFeatures


class SecondSpace:
    """A second feature space and its references. paired: (n, d) held-out features for precision and recall"""

    def __init__(
        self, features: ImageFeatures, splits: dict[str, Split], rows: dict[str, Tensor], device: torch.device
    ) -> None:
        self.features = features
        found = {name: features.of_split(split, device) for name, split in splits.items()}
        self.moments = {name: Moments.of_tensor(cloud) for name, cloud in found.items()}
        self.paired = found["test"][rows["test"].to(found["test"].device)]

    def distances(self, cloud: Tensor) -> dict[str, float]:
        """Fréchet distance of the features (N, d) of samples to each split."""
        moments = Moments.of_tensor(cloud)
        return {name: frechet_distance(reference, moments) for name, reference in self.moments.items()}
