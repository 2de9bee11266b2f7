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


@functools.lru_cache(maxsize=1)
def load(
    folder: str,
    latent: int = SHAPE[0],
    autoencoder_steps: int = STEPS,
    side: int = SIDE,
    channels: int = 3,
    val: float = 0.1,
    test: float = 0.1,
    contents: str = "",
) -> Dataset:
    """The three splits of a folder as its autoencoder encodes them.

    latent, autoencoder_steps: of `autoencoder_of`
    the others:                as `harness.data.image_folder.load` takes them

    UserError as both raise it.
    """
    images = image_folder.load(folder, side, channels, val, test, contents)
    encoder = autoencoder_of(images, latent, autoencoder_steps)
    splits = (images.train, images.val, images.test)
    encoded = [encoder.encode(split.x * images.std + images.mean) for split in splits]
    mean, std = float(encoded[0].double().mean()), float(encoded[0].double().std(correction=0))
    train, held_val, held_test = (
        Split((z - mean) / std, split.labels, split.group) for z, split in zip(encoded, splits, strict=True)
    )
    return Dataset(train, held_val, held_test, classes=images.classes, mean=mean, std=std, latent=True)


def sizes(folder: str, val: float = 0.1, test: float = 0.1, **rest: Any) -> dict[str, int]:
    """Images of each split, by their names alone. UserError as `harness.data.image_folder.sizes`."""
    return image_folder.sizes(folder, val, test)


def check(
    folder: str,
    val: float = 0.1,
    test: float = 0.1,
    contents: str = "",
    *,
    side: int = SIDE,
    channels: int = 3,
    **of_autoencoder: Any,
) -> None:
    """UserError where the folder is not there, is another one than declared, or has too few images.

    of_autoencoder: `Part.check_options` has compared the names with those of `load`
    """
    image_folder.check(folder, val, test, contents, side=side, channels=channels)
