"""What lies in a folder of images or a file of latents: looked at before anything is trained."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data import array_file, image_folder
from harness.data.class_folders import is_text, subfolders
from harness.data.image_file import header, read
from schedules.errors import UserError

HELD_OUT, LEAST_SHARE, MOST_SHARE = 600, 0.1, 0.25
"""Images that test and validation are to have each, and the shares of all that this may be."""
POINTS_A_DIMENSION = 12
"""Held-out images for each dimension of the feature space, at least: fewer dimensions are taken where they are few."""
FEWEST_DIMENSIONS, MOST_DIMENSIONS = 4, 64
SPLITS = (("train", "val"), ("train", "test"), ("train", "validation"), ("train", "valid"))
"""What two subfolders are called that are hardly classes."""
LOOKED_AT = 300
"""Images whose colours and spectrum are looked at."""


@dataclass(frozen=True)
class OwnData:
    """A folder of images, or a file of latents.

    place:    absolute path
    kind:     "images" or "latents"
    shape:    of latents, (channels, smallest side, smallest side) of images
    labels:   how many rows each class has
    sigma:    standard deviation of all values; of images where black is −1 and white is 1
    spectrum: α of the power spectrum ∝ 1/frequency^α, NaN where there is none
    contents: hash of the images, as `image_folder.contents` has it, or of the file
    remarks:  what a user should know
    """

    place: Path
    kind: str
    shape: tuple[int, ...]
    labels: tuple[int, ...]
    sigma: float
    spectrum: float
    contents: str
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.labels)

    @property
    def share(self) -> float:
        """Of each class, that test has, and validation too."""
        return round(min(MOST_SHARE, max(LEAST_SHARE, HELD_OUT / self.rows)), 3)

    @property
    def held_out(self) -> int:
        """Rows of the smaller of test and validation."""
        return sum(round(count * self.share) for count in self.labels)

    @property
    def dimensions(self) -> int:
        """Of the feature space that so many held-out rows can fill."""
        return min(MOST_DIMENSIONS, self.held_out // POINTS_A_DIMENSION)

    @property
    def counted(self) -> str:
        """Rows and classes, in words."""
        kind = self.kind if self.rows > 1 else self.kind.removesuffix("s")
        return f"{self.rows:,} {kind} of {len(self.labels)} class{'' if len(self.labels) == 1 else 'es'}"

    def check(self) -> None:
        """UserError where so few are held out that no distance means anything."""
        if self.dimensions >= FEWEST_DIMENSIONS:
            return
        least = math.ceil(FEWEST_DIMENSIONS * POINTS_A_DIMENSION / MOST_SHARE)
        raise UserError(
            f"{str(self.place)!r} has {self.counted}, of which {self.held_out} would be held out: too few for a "
            f"distance between generated and real data; expected at least {least}"
        )

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "place": str(self.place), "kind": self.kind, "rows": self.rows, "classes": len(self.labels),
            "shape": list(self.shape), "sigma_data": self.sigma, "spectrum": self.spectrum,
            "held_out": self.held_out, "feature_dimensions": self.dimensions, "remarks": list(self.remarks),
        }  # fmt: skip

    def __str__(self) -> str:
        size = "×".join(str(side) for side in self.shape)
        power = "" if math.isnan(self.spectrum) else f", power ∝ 1/f^{self.spectrum:.1f}"
        return f"{self.counted}, {size}, σ_d {self.sigma:.2f}{power}"


def looked_at(place: Path) -> OwnData:
    """What is in a folder of images, or in a .npy, .npz or .safetensors file.

    UserError: not there, empty, a file that cannot be read, too few
    """
    place = place.expanduser().absolute()
    if not is_text(str(place)):
        raise UserError(f"--images {str(place)!r}: the name is not UTF-8, as that of a track has to be; rename it")
    if not place.exists():
        raise UserError(f"--images {str(place)!r}: no such folder or file")
    if place.is_file() and place.suffix not in array_file.ENDINGS:
        endings = ", ".join(array_file.ENDINGS)
        raise UserError(f"--images {str(place)!r}: expected a folder of images, or latents that end in {endings}")
    if place.is_dir() and len(files := arrays_in(place)) == 1:
        place = files[0]
    data = _latents(place) if place.is_file() else _images(place)
    data.check()
    (array_file if data.kind == "latents" else image_folder).check(str(data.place), data.share, data.share)
    return data


def arrays_in(folder: Path) -> list[Path]:
    """Files of latents in a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix in array_file.ENDINGS)


def _latents(file: Path) -> OwnData:
    x, labels = array_file.read(str(file))
    if not np.isfinite(x).all():
        raise UserError(f"latents {str(file)!r} hold values that are not finite")
    shape = tuple(x.shape[1:])
    alpha = spectrum(x[:LOOKED_AT]) if len(shape) == 3 and shape[1] == shape[2] >= 8 else math.nan
    counts = tuple(int(count) for count in np.bincount(labels))
    sigma = float(x.astype(np.float64).std())
    if sigma == 0:
        raise UserError(f"latents {str(file)!r}: every value is {x.flat[0]:g}; expected values that differ")
    return OwnData(file, "latents", shape, counts, sigma, alpha, array_file.contents(str(file)))


def _images(folder: Path) -> OwnData:
    files = image_folder.files(str(folder))
    headers = [header(file) for file in files]
    sizes = Counter(each.size for each in headers)
    side = min(min(size) for size in sizes)
    some = files[:: max(1, len(files) // LOOKED_AT)]
    pixels = np.stack([read(file, side, upright=True) for file in some])  # (n, 3, side, side)
    grey = bool((pixels == pixels[:, :1]).all())
    pixels = pixels[:, :1] if grey else pixels
    labels = image_folder.counts(str(folder))
    remarks = []
    if unused := image_folder.unused(str(folder)):
        remarks.append(f"not used: {unused} image{'s' * (unused > 1)} beside the subfolders, which are the classes")
    if alpha_channels := sum(each.transparent for each in headers):
        have = "image has" if alpha_channels == 1 else "images have"
        remarks.append(f"{alpha_channels:,} {have} transparency, which is dropped, as most trainers do")
    if as_splits := _named_as_splits(folder):
        remarks.append(
            f"{as_splits[0]!r} and {as_splits[1]!r} were taken as two classes; if they are splits, give one of them: "
            f"--images {shlex.quote(str(folder / as_splits[0]))}"
        )
    if len(sizes) > 1:
        low, *_, high = sorted(sizes, key=lambda size: size[0] * size[1])
        remarks.append(
            f"images of {len(sizes)} sizes, {low[0]}×{low[1]} to {high[0]}×{high[1]}: the middle square of each is "
            "scaled to one size"
        )
    sigma = float(pixels.astype(np.float64).std() / 127.5)
    if sigma == 0:
        raise UserError(f"image folder {str(folder)!r}: every pixel is {pixels.flat[0]}; expected images that differ")
    alpha = spectrum(pixels) if side >= 8 else math.nan
    shape = (1 if grey else 3, side, side)
    return OwnData(folder, "images", shape, labels, sigma, alpha, image_folder.contents(str(folder)), tuple(remarks))


def _named_as_splits(folder: Path) -> tuple[str, str] | None:
    """The two subfolders of a folder that has no others, where they are called as splits are."""
    names = sorted(path.name for path in subfolders(folder))
    return next((pair for pair in SPLITS if names == sorted(pair)), None)


def spectrum(x: np.ndarray) -> float:
    """α of the mean power spectrum P(f) ∝ f^−α, by least squares on logarithms; x (n, channels, side, side).

    f is the radius in cycles an image, from 1 to half the side; van der Schaaf & van Hateren 1996 found α near 2 for
    photographs.
    """
    side = x.shape[-1]
    x = x.astype(np.float64) - x.mean(axis=(-2, -1), keepdims=True)
    power = (np.abs(np.fft.fft2(x)) ** 2).mean(axis=(0, 1))
    frequency = np.fft.fftfreq(side) * side
    radius = np.hypot(*np.meshgrid(frequency, frequency)).round().astype(int)
    rings = np.arange(1, side // 2 + 1)
    of_ring = np.array([power[radius == ring].mean() for ring in rings])
    if not (of_ring > 0).all():
        return math.nan
    return float(-np.polyfit(np.log(rings), np.log(of_ring), 1)[0])
