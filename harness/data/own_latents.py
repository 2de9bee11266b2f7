"""Images of one's own as latents of an autoencoder that was trained on them: (N, latent, 4, 4) for 32×32 images.

The recipe of `harness.data.image_latents`, on a folder that `harness.data.image_folder` reads. One mean and one
standard deviation, over every value of the training latents, scale them to unit variance.
"""

from __future__ import annotations

import functools
from typing import Any

from harness.data import image_folder
from harness.data.autoencoder import SHAPE
from harness.data.autoencoder_training import STEPS
from harness.data.dataset import Dataset, Split
from harness.data.own_autoencoder import SIDE, autoencoder_of

sizes = image_folder.sizes


@functools.lru_cache(maxsize=1)
def load(
    folder: str, latent: int = SHAPE[0], autoencoder_steps: int = STEPS, side: int = SIDE, **of_images: Any
) -> Dataset:
    """The three splits of a folder as its autoencoder encodes them.

    latent, autoencoder_steps: of `autoencoder_of`
    of_images:                 channels, shares and contents, as `harness.data.image_folder.load` takes them

    UserError as both raise it.
    """
    images = image_folder.load(folder, side=side, **of_images)
    encoder = autoencoder_of(images, latent, autoencoder_steps)
    splits = (images.train, images.val, images.test)
    encoded = [encoder.encode(split.x * images.std + images.mean) for split in splits]
    mean, std = float(encoded[0].double().mean()), float(encoded[0].double().std(correction=0))
    train, val, test = (
        Split((z - mean) / std, split.labels, split.group) for z, split in zip(encoded, splits, strict=True)
    )
    return Dataset(train, val, test, classes=images.classes, mean=mean, std=std, latent=True)


def check(folder: str, **rest: Any) -> None:
    """UserError where the folder is not there, is another one than declared, or has too few images."""
    image_folder.check(folder, **rest)
