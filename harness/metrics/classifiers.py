"""Feature spaces: maps from data (N, *) to features (N, d) in which distances are measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("weights")


class DigitsClassifier(nn.Module):
    """A small convolutional classifier of digits-v1; its 32-dimensional hidden layer is the feature space.

    `standardised` scales that layer to mean 0 and variance 1 over the training split, with the buffers `mean`, `std`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 32, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 25, 32),
        )  # fmt: skip
        self.head = nn.Sequential(nn.SiLU(), nn.Dropout(0.2), nn.Linear(32, 10))
        self.register_buffer("mean", torch.zeros(32))
        self.register_buffer("std", torch.ones(32))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(x))

    @torch.inference_mode()
    def standardised(self, x: Tensor) -> Tensor:
        """(N, 1, 10, 10) scaled images → (N, 32)."""
        return (self.trunk(x) - self.mean) / self.std


def digits_features(device: torch.device, sha256: str) -> nn.Module:
    """The committed classifier, as a map from images to standardised features.

    sha256: of the weights file, declared by the track; ValueError for other weights, whose distances would not compare
    """
    path = WEIGHTS / "digits.safetensors"
    content = path.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(f"{path.name} has SHA-256 {found}, the track declares {sha256}")
    classifier = DigitsClassifier()
    classifier.load_state_dict(load(content))
    return Features(classifier.eval().to(device))


class Features(nn.Module):
    """A classifier seen as its standardised hidden layer."""

    def __init__(self, classifier: DigitsClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier.standardised(x)


def identity_features(device: torch.device) -> nn.Module:
    """The data's own coordinates."""
    return nn.Flatten().to(device)
