"""Feature spaces of latents of small images: decoded to 8-bit images first, then as a committed classifier sees these.

z  →  image = round(clip(decode(z), 0, 255))  →  classifier((image − mean) / std)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harness.data import autoencoder
from harness.declared import Part
from harness.metrics.image_features import IMAGES_AT_ONCE, ImageFeatures


def images_at_once(device: torch.device) -> int:
    """By a small decoder and classifier: a GPU is slow where it has little to do."""
    return 2048 if device.type == "cuda" else IMAGES_AT_ONCE


def features(device: torch.device, weights: str, sha256: str, classifier: Mapping[str, Any]) -> ImageFeatures:
    """Latents → features of their images; the held-out images' own are what they are compared with.

    weights, sha256: of the committed autoencoder
    classifier:      the feature space of the images, {"make": …, "options": …}, for images scaled as the autoencoder's
    """
    images = autoencoder.committed(weights, sha256, device)
    scaled = Part(**classifier)(device)

    def extractor(pixels: Tensor) -> Tensor:
        seen: Tensor = scaled(images.scaled(pixels[:, :1]))
        return seen

    return ImageFeatures(extractor, images.decode, images_at_once(device))
