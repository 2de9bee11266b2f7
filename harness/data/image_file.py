"""An image file as pixels: its middle square, scaled to the track's size.

Grey of 16 bits is scaled to 8: value / 257, rounded, as 65535 / 257 = 255.

Source of the crop: `center_crop_arr` of ADM (Dhariwal & Nichol 2021, arXiv:2105.05233), which DiT uses too.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from schedules.errors import UserError, text_of

CROP = "halved by BOX while twice too large, shorter side to `side` by BICUBIC, centre crop (ADM)"
EXPECTED = "8 bits a channel, or grey of 16 bits"
WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
BITS_PER_SAMPLE = 258
"""TIFF's number for it."""


def read(path: Path, side: int, mode: str = "RGB", upright: bool = False) -> np.ndarray:
    """(channels, side, side) uint8. UserError that names a file which is no image, is damaged, or has other values.

    mode:    Pillow's: "RGB", or "L" for grey
    upright: turn it as its EXIF data say
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")  # of EXIF data that are not read
            _check_mode(path, image)
            turned = ImageOps.exif_transpose(image) if upright else image
            pixels = cropped(_eight_bits(path, turned).convert(mode), side)
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        raise _unreadable(path, problem) from problem
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(pixels), -1, 0))


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its pixels. transparent: has an alpha channel, or transparent colours"""

    size: tuple[int, int]
    transparent: bool


def header(path: Path) -> Header:
    """UserError as `read`, as far as it shows without the pixels."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            _check_mode(path, image)
            return Header(image.size, image.mode in WITH_ALPHA or "transparency" in image.info)
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        raise _unreadable(path, problem) from problem


def _unreadable(path: Path, problem: Exception) -> UserError:
    return UserError(f"image {str(path)!r} cannot be read: {text_of(problem).replace(f' {str(path)!r}', '')}")


def _check_mode(path: Path, image: Image.Image) -> None:
    """UserError for numbers whose black and white nobody knows."""
    bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (16,))[0]  # of TIFF, which knows grey of 12 bits too
    if image.mode == "F" or (image.mode.startswith("I;16") and bits != 16):
        raise UserError(f"image {str(path)!r} has {_called(image, bits)}; expected {EXPECTED}")


def _called(image: Image.Image, bits: int) -> str:
    return f"mode {image.mode}" + f" of {bits} bits" * (bits != 16)


def _eight_bits(path: Path, image: Image.Image) -> Image.Image:
    """Grey of 16 bits as 8, others as they are."""
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.int64)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise UserError(f"image {str(path)!r} has mode {image.mode} with values {low} to {high}; expected {EXPECTED}")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))  # 257 is odd, so that no value lies half-way


def cropped(image: Image.Image, side: int) -> np.ndarray:
    """(side, side, *): the centre of the image, its shorter side scaled to `side`."""
    while min(image.size) >= 2 * side:
        image = image.resize((image.width // 2, image.height // 2), resample=Image.Resampling.BOX)
    scale = side / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), resample=Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]
