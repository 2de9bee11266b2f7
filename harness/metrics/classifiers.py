"""Feature spaces: maps from data (N, *) to features (N, d) in which distances are measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("weights")


class Classifier(nn.Module):
    """A classifier whose hidden layer is a feature space.

    trunk: images → hidden layer (N, features);  head: hidden layer → logits

    `standardised` scales the hidden layer to mean 0 and variance 1 over the training split, with the buffers `mean`,
    `std`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: nn.Module, head: nn.Module, features: int) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.trunk(x))
        return logits

    @torch.inference_mode()
    def standardised(self, x: Tensor) -> Tensor:
        """(N, *shape) scaled images → (N, features)."""
        hidden: Tensor = self.trunk(x)
        return (hidden - self.mean) / self.std


class DigitsClassifier(Classifier):
    """A small convolutional classifier of digits-v1's (N, 1, 10, 10); its 32-dimensional hidden layer is the space."""

    def __init__(self) -> None:
        trunk = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 32, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 25, 32),
        )  # fmt: skip
        super().__init__(trunk, nn.Sequential(nn.SiLU(), nn.Dropout(0.2), nn.Linear(32, 10)), features=32)


class ImageClassifier(Classifier):
    """A small convolutional classifier of (N, channels, side, side); its 64-dimensional hidden layer is the space.

    side: a multiple of 8
    """

    def __init__(self, channels: int, classes: int = 10, side: int = 32) -> None:
        trunk = nn.Sequential(
            nn.Conv2d(channels, 32, 5, stride=2, padding=2), nn.SiLU(), nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.SiLU(), nn.Conv2d(64, 64, 3, stride=2, padding=1), nn.SiLU(), nn.Flatten(),
            nn.Linear(64 * (side // 8) ** 2, 64),
        )  # fmt: skip
        super().__init__(trunk, nn.Sequential(nn.SiLU(), nn.Dropout(0.2), nn.Linear(64, classes)), features=64)


def digits_features(device: torch.device, sha256: str) -> nn.Module:
    """The committed classifier of digits-v1, as a map from images to standardised features; see committed()."""
    return committed(DigitsClassifier(), "digits", sha256, device)


def mnist_features(device: torch.device, sha256: str) -> nn.Module:
    """The committed classifier of mnist-v1, alike."""
    return committed(ImageClassifier(channels=1), "mnist", sha256, device)


def fashion_features(device: torch.device, sha256: str) -> nn.Module:
    """The committed classifier of fashion-v1, alike."""
    return committed(ImageClassifier(channels=1), "fashion", sha256, device)


def committed(classifier: Classifier, name: str, sha256: str, device: torch.device) -> Features:
    """A classifier with the committed weights `name`, as a map from images to standardised features.

    sha256: of the weights file, declared by the track; ValueError for other weights, whose distances would not compare
    """
    path = WEIGHTS / f"{name}.safetensors"
    content = path.read_bytes()
    if (digest := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(f"{path.name} has SHA-256 {digest}, the track declares {sha256}")
    classifier.load_state_dict(load(content))
    return Features(classifier.eval().to(device))


class Features(nn.Module):
    """A classifier seen as its standardised hidden layer."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier.standardised(x)


def identity_features(device: torch.device) -> nn.Module:
    """The data's own coordinates."""
    return nn.Flatten().to(device)
