"""Trains the feature space of an image track on its training split alone, and prints its accuracy.

    python -P -m harness.metrics.classifier_training.images mnist

writes harness/metrics/weights/<name>.safetensors and prints the SHA-256 that the track declares. Committed files came
from this command, on one core; their accuracies on the training, validation and test split:

    mnist     0.9974   0.9906   0.9922   (55,000 / 5,000 / 10,000 images)
    fashion   0.9297   0.9138   0.9050   (the same)
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import math
from collections.abc import Callable

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from harness import rehearsal
from harness.data import images
from harness.data.dataset import Split
from harness.metrics.classifiers import WEIGHTS, Classifier, ImageClassifier

DATA = {"mnist": images.mnist, "fashion": images.fashion_mnist, "cifar10": images.cifar10}
EPOCHS, BATCH, SEED, LEARNING_RATE = 6, 256, 0, 2e-3


def main() -> None:
    """Train, standardise, save, report."""
    parser = argparse.ArgumentParser(description="Train the classifier of an image track and write its weights.")
    parser.add_argument("data", choices=DATA)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    data = DATA[options.data]()
    classifier = ImageClassifier(channels=data.shape[0], classes=data.classes)
    train(classifier, data.train, on_epoch=lambda line: print(line, flush=True))
    standardise(classifier, data.train.x)
    for name, split in (("train", data.train), ("val", data.val), ("test", data.test)):
        print(f"{name} accuracy {accuracy(classifier, split):.4f} on {len(split)} images")
    WEIGHTS.mkdir(exist_ok=True)
    path = WEIGHTS / f"{options.data}.safetensors"
    save_file(classifier.state_dict(), path)
    print(f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}, {path.stat().st_size} bytes")


def train(
    classifier: ImageClassifier, data: Split, steps: int = 0, on_epoch: Callable[[str], None] = lambda line: None
) -> None:
    """AdamW with cosine decay over `EPOCHS` epochs, or as many more as `steps` steps take."""
    batch = min(BATCH, len(data))
    an_epoch = len(data) // batch
    epochs = max(EPOCHS, math.ceil(steps / an_epoch))
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * an_epoch)
    orders = (torch.randperm(len(data))[: an_epoch * batch].split(batch) for _ in range(epochs))
    for step, rows in enumerate(rehearsal.steps(itertools.chain.from_iterable(orders), epochs * an_epoch), start=1):
        loss = F.cross_entropy(classifier(data.x[rows]), data.labels[rows], label_smoothing=0.05)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        decay.step()
        if step % an_epoch == 0:
            on_epoch(f"epoch {step // an_epoch} of {epochs}, last loss {float(loss.detach()):.3f}")
    classifier.eval()


@torch.inference_mode()
def standardise(classifier: Classifier, x: Tensor) -> None:
    """Set the features' mean and standard deviation to those over x."""
    hidden = _in_chunks(classifier.trunk, x)
    classifier.mean.copy_(hidden.mean(dim=0))
    classifier.std.copy_(hidden.std(dim=0))


@torch.inference_mode()
def accuracy(classifier: Classifier, split: Split) -> float:
    """Share of a split's images whose label is found."""
    return float((_in_chunks(classifier, split.x).argmax(dim=1) == split.labels).double().mean())


def _in_chunks(network: torch.nn.Module, x: Tensor) -> Tensor:
    return torch.cat([network(part) for part in x.split(1000)])


if __name__ == "__main__":
    main()
