"""MNIST and Fashion-MNIST as latents of a committed autoencoder: (N, 4, 4, 4) for 32×32 images.

Splits are those of the images (`harness.data.images`). One mean and one standard deviation, over every value of the
training latents, scale them to unit variance.
"""

from __future__ import annotations

from harness.data import autoencoder, images
from harness.data.dataset import Dataset, Split


def mnist(sha256: str) -> Dataset:
    """Latents of MNIST, (N, 4, 4, 4); 55,000 / 5,000 / 10,000. sha256: of the autoencoder's weights"""
    return load("MNIST", "mnist", sha256)


def fashion_mnist(sha256: str) -> Dataset:
    """Latents of Fashion-MNIST, alike."""
    return load("FashionMNIST", "fashion", sha256)


def check_mnist(sha256: str) -> None:
    """Have the images of MNIST here. UserError as `harness.data.images.official`."""
    images.check_mnist()


def check_fashion_mnist(sha256: str) -> None:
    """Have the images of Fashion-MNIST here. UserError as `harness.data.images.official`."""
    images.check_fashion_mnist()


def load(name: str, weights: str, sha256: str, val_images: int = images.VAL_IMAGES) -> Dataset:
    """The three splits of torchvision's data set `name` as the committed autoencoder `weights` encodes them.

    ValueError: other weights than declared. UserError: images that cannot be had
    """
    encoder = autoencoder.committed(weights, sha256)
    pictures = images.splits(name, images.BORDER, val_images)
    encoded = {split: encoder.encode(part.x) for split, part in pictures.items()}
    mean, std = float(encoded["train"].double().mean()), float(encoded["train"].double().std(correction=0))

    train, val, test = (
        Split((encoded[split] - mean) / std, part.labels, part.group) for split, part in pictures.items()
    )
    return Dataset(train, val, test, classes=images.CLASSES, mean=mean, std=std, latent=True)
