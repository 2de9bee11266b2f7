"""An image file as pixels: its middle square, scaled to the track's size.

Source of the crop: `center_crop_arr` of ADM (Dhariwal & Nichol 2021, arXiv:2105.05233), which DiT uses too.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from schedules.errors import UserError, text_of

CROP = "halved by BOX while twice too large, shorter side to `side` by BICUBIC, centre crop (ADM)"


def read(path: Path, side: int, mode: str = "RGB", upright: bool = False) -> np.ndarray:
    """(channels, side, side) uint8. UserError that names a file which is no image, or is damaged.

    mode:    Pillow's: "RGB", or "L" for grey
    upright: turn it as its EXIF data say
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # of EXIF data that are not read
            pixels = cropped((ImageOps.exif_transpose(image) if upright else image).convert(mode), side)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        reason = text_of(problem).replace(f" {str(path)!r}", "")
        raise UserError(f"image {str(path)!r} cannot be read: {reason}") from problem
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(pixels), -1, 0))


def cropped(image: Image.Image, side: int) -> np.ndarray:
    """(side, side, *): the centre of the image, its shorter side scaled to `side`."""
    while min(image.size) >= 2 * side:
        image = image.resize((image.width // 2, image.height // 2), resample=Image.Resampling.BOX)
    scale = side / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), resample=Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]
