"""The feature space of data of one's own when few are held out: fewer dimensions of the same classifier.

    f(x) = Vᵀ (c(x) − mean),   V (64, d) the leading principal directions of c over the training split

c is `harness.metrics.own_classifier`'s standardised hidden layer. A Fréchet distance compares covariances, (d, d), and
of n points a covariance is worth something where d is several times smaller than n. Latents are decoded to 8-bit images
first, held-out ones too, and are seen by the classifier of the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harness.data.own_autoencoder import autoencoder_of
from harness.declared import Part
from harness.metrics.feature_space import AT_ONCE
from harness.metrics.image_features import ImageFeatures
from harness.metrics.own_classifier import classifier_of
from schedules.errors import UserError


class Leading(nn.Module):
    """Features turned into the leading principal directions of those of some data x (N, *shape)."""

    mean: Tensor
    directions: Tensor

    def __init__(self, features: nn.Module, x: Tensor, dimensions: int) -> None:
        super().__init__()
        self.features = features
        seen = torch.cat([features(part) for part in x.split(AT_ONCE)]).double()
        if not 1 <= dimensions <= seen.shape[1]:
            raise UserError(f"{dimensions} directions of {seen.shape[1]} features; expected 1 to {seen.shape[1]}")
        _, vectors = torch.linalg.eigh(torch.cov(seen.T))  # ascending
        self.register_buffer("mean", seen.mean(dim=0).float())
        self.register_buffer("directions", vectors[:, -dimensions:].float())

    def forward(self, x: Tensor) -> Tensor:
        return (self.features(x) - self.mean) @ self.directions


def features(device: torch.device, data: Mapping[str, Any], dimensions: int) -> Leading:
    """Of images or other squares of a multiple of 8 a side.

    data:       the track's own, {"make": …, "options": …}
    dimensions: 1 to 64
    """
    own = Part(**data)()
    return Leading(classifier_of(own, device), own.train.x.to(device), dimensions)


def decoded(
    device: torch.device, images: Mapping[str, Any], latent: int, autoencoder_steps: int, dimensions: int
) -> ImageFeatures:
    """Of latents of `harness.data.own_latents`.

    images: what they are latents of, {"make": …, "options": …}
    latent, autoencoder_steps: of the autoencoder, as the data declare them
    """
    own = Part(**images)()
    encoder = autoencoder_of(own, latent, autoencoder_steps).to(device)
    leading = Leading(classifier_of(own, device), own.train.x.to(device), dimensions)
    channels = own.shape[0]

    def extractor(pixels: Tensor) -> Tensor:
        seen: Tensor = leading(encoder.scaled(pixels[:, :channels]))
        return seen

    return ImageFeatures(extractor, encoder.decode)


def values(device: torch.device, data: Mapping[str, Any], dimensions: int) -> Leading:
    """Of data that are no images: the leading principal directions of their own values."""
    own = Part(**data)()
    return Leading(nn.Flatten(), own.train.x.to(device), dimensions)


def dimensions(dimensions: int, **options: Any) -> int:
    """Of the feature space, whatever the data."""
    return dimensions
