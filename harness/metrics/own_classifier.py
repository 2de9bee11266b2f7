"""The feature space of data of one's own: a small classifier, trained on the training split when first asked for.

It is the network and the recipe of `classifier_training.images`, on the track's own classes. Data of a single class are
told apart by how they are turned (0, 90, 180, 270 degrees; Gidaris et al. 2018, arXiv:1803.07728). The weights are kept
in `SNRBENCH_DATA`/features (where that is only to be read, in ~/.cache/snrbench), in a file named after the data and
the recipe, with its SHA-256 and accuracy beside it.

Another machine's rounding gives other weights, and distances in two feature spaces do not compare: who works on several
machines copies the file, and declares its `sha256` in the track so that no other is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harness.data import images
from harness.data.dataset import Dataset, Split
from harness.data.kept_weights import Trained, kept_weights
from harness.declared import Part
from harness.metrics.classifier_training.images import accuracy, standardise, train
from harness.metrics.classifiers import Features, ImageClassifier
from schedules.errors import UserError

RECIPE = 1
SEED = 0
STEPS = 300
"""At least so many optimiser steps, however few the images."""
TURNS = 4
DIMENSIONS = 64


def features(device: torch.device, data: Mapping[str, Any], sha256: str = "") -> Features:
    """The classifier of these data as a map from images to 64 standardised features.

    data:   the track's own data, {"make": …, "options": …}
    sha256: of the weights file; "" takes what was trained on this machine

    UserError: images that are not square or not a multiple of 8 pixels, a damaged file, other weights than declared
    """
    return classifier_of(Part(**data)(), device, sha256)


def dimensions(**options: Any) -> int:
    """Of the feature space, whatever the data."""
    return DIMENSIONS


def classifier_of(data: Dataset, device: torch.device, sha256: str = "") -> Features:
    """The same, for data that are loaded."""
    _, side, other = data.shape
    if side != other or side % 8:
        raise UserError(f"images are {side}×{other}; expected squares of a multiple of 8 pixels for this feature space")
    path = images.stored_file(f"features/{_digest(data)}.safetensors")
    state = kept_weights(path, lambda: _trained(data), sha256)
    with torch.random.fork_rng(devices=[]):  # a run's own random numbers are not to notice
        classifier = _untrained(data)
    classifier.load_state_dict(state)
    return Features(classifier.eval().to(device))


def _untrained(data: Dataset) -> ImageClassifier:
    channels, side, _ = data.shape
    return ImageClassifier(channels, data.classes if data.classes > 1 else TURNS, side)


def _trained(data: Dataset) -> Trained:
    learned = told_apart(data.train, data.classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        classifier = _untrained(data)
        train(classifier, learned, STEPS)
    standardise(classifier, learned.x)
    facts = {
        name: round(accuracy(classifier, told_apart(split, data.classes)), 4)
        for name, split in (("train", data.train), ("val", data.val), ("test", data.test))
    }
    return classifier.state_dict(), {"accuracy": facts}


def told_apart(split: Split, classes: int) -> Split:
    """The split itself; of a single class, every image in four turns with the turn as its label."""
    if classes > 1:
        return split
    turned = torch.cat([split.x.rot90(turn, (2, 3)) for turn in range(TURNS)])
    return Split(turned, torch.arange(TURNS).repeat_interleave(len(split)), split.group.repeat(TURNS))


def _digest(data: Dataset) -> str:
    digest = hashlib.sha256(f"{RECIPE} {STEPS} {data.classes} {tuple(data.shape)}".encode())
    for part in (data.train.x, data.train.labels):
        digest.update(_bytes(part))
    return digest.hexdigest()[:16]


def _bytes(values: Tensor) -> bytes:
    return values.cpu().contiguous().numpy().tobytes()
