"""Sample pictures of a release: for each entry and target a small WebP grid, of its lowest seed that has one.

They lie in `samples/`, each called by the run key of the run that drew it, so that a release that grows in steps keeps
those it has, byte by byte, and gains those it lacks. All of a release together stay below `MOST_BYTES`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from harness.results import read
from leaderboards.data import released
from schedules.errors import UserError, text_of

MOST_BYTES = 3_000_000
"""Of all pictures of a release."""
ARTIFACT = "samples.png"
ROWS = 8
"""Rows of the sheet that a run leaves, a column for each label (`harness.evaluation.pictures`)."""
ZOOM = 4
"""Small images are so many times as large in it, each pixel a square."""
SIDE = 32
"""Pixels that an image has at most in a published grid."""
TINY = 16
"""Images up to so many pixels are kept exactly."""
GRIDS = ((4, 75), (2, 60), (1, 40))
"""Rows and WebP quality, the first of which that there is room for is taken."""
Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Pictures:
    """What a release shows of samples.

    files:    run key → WebP
    cells:    number of entries and targets of the release
    left_out: number of those whose picture there was no room for
    """

    files: Mapping[str, bytes]
    cells: int
    left_out: int = 0

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(map(len, self.files.values()))

    def __str__(self) -> str:
        """In one line; empty where there are none, as of a track that draws no images."""
        if not self.files and not self.left_out:
            return ""
        text = f"sample pictures: of {len(self.files)} of {self.cells} entries × targets, {self.size / 1e6:.2f} MB"
        more = f"; {self.left_out} left out, as all together may take {MOST_BYTES / 1e6:g} MB"
        return text + (more if self.left_out else "")

    def write(self, folder: Path) -> None:
        """Each to a file of its own below a release's folder, which is made; nothing where there are none."""
        for key, content in self.files.items():
            (folder / released.SAMPLES).mkdir(exist_ok=True)
            (folder / released.SAMPLES / f"{key}{released.WEBP}").write_bytes(content)


def of_release(runs: pa.Table, home: Path) -> Pictures:
    """Those that the release in a folder has of these runs: of each entry and target the one of the lowest seed."""
    seeds = _published(runs, home)
    files = {key: _file(home, key).read_bytes() for _, key in seeds.values()}
    return Pictures(files, len(set(_cells(runs))))


def joined(runs: pa.Table, home: Path, store: Path, own: pa.Table) -> Pictures:
    """Those of the release in a folder, and those that a store has of other entries and targets, or of a lower seed.

    runs: all that are released; own: those of the store, with their `run_id`
    """
    cells = set(_cells(runs))
    seeds = _published(runs, home)
    drawn = _drawn(store, own, {cell: seed for cell, (seed, _) in seeds.items()})
    files = {key: _file(home, key).read_bytes() for cell, (_, key) in seeds.items() if cell not in drawn}
    room, lacking = MOST_BYTES - sum(map(len, files.values())), len(cells) - len(files)
    left_out = 0
    for key, sheet in drawn.values():
        picture = grid(_opened(sheet, key), room // lacking)
        lacking -= 1
        if picture is None:
            left_out += 1
        else:
            files[key] = picture
            room -= len(picture)
    return Pictures(dict(sorted(files.items())), len(cells), left_out)


def _drawn(store: Path, own: pa.Table, published: Mapping[Cell, int]) -> dict[Cell, tuple[str, bytes]]:
    """Cell → run key and sheet of the lowest seed that left one, where it is below the seed that is published."""
    drawn: dict[Cell, tuple[str, bytes]] = {}
    columns = (own[name].to_pylist() for name in ("seed", "run_key", "run_id"))
    runs = list(zip(_cells(own), *columns, strict=True))
    for seed in sorted({seed for _, seed, _, _ in runs}):
        wanted = {
            run_id: (cell, key)
            for cell, of_run, key, run_id in runs
            if of_run == seed < published.get(cell, seed + 1) and cell not in drawn
        }
        for run_id, sheet in read.artifacts(store, wanted, ARTIFACT).items():
            cell, key = wanted[run_id]
            drawn[cell] = (key, sheet)
    return drawn


def _opened(sheet: bytes, key: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(sheet)) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{ARTIFACT} of run {key} cannot be read: {text_of(error)}") from error


def grid(sheet: Image.Image, most: int) -> bytes | None:
    """A run's sheet as a small WebP: its first rows, its images at most `SIDE` pixels; None above `most` bytes."""
    whole = _unzoomed(sheet)
    side = whole.height // ROWS
    for rows, quality in GRIDS:
        part = whole.crop((0, 0, whole.width, rows * side))
        if side > SIDE:
            part = part.resize((part.width * SIDE // side, rows * SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        part.save(buffer, "WEBP", lossless=side <= TINY, quality=quality, method=6)
        if buffer.tell() <= most:
            return buffer.getvalue()
    return None


def _unzoomed(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    small = pixels[::ZOOM, ::ZOOM]
    large = small.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    return Image.fromarray(small) if np.array_equal(large, pixels) else image


def _published(runs: pa.Table, home: Path) -> dict[Cell, tuple[int, str]]:
    """Entry and target → lowest seed that has a picture in a folder, and run key of it."""
    there = {file.stem for file in (home / released.SAMPLES).glob(f"*{released.WEBP}")}
    rows = zip(_cells(runs), runs["seed"].to_pylist(), runs["run_key"].to_pylist(), strict=True)
    lowest: dict[Cell, tuple[int, str]] = {}
    for cell, seed, key in rows:
        if key in there:
            lowest[cell] = min(lowest.get(cell, (seed, key)), (seed, key))
    return lowest


def _file(home: Path, key: str) -> Path:
    return home / released.SAMPLES / f"{key}{released.WEBP}"


def _cells(runs: pa.Table) -> list[Cell]:
    """Entry, fingerprint of its density and weighting, target: of each run."""
    return list(zip(*(runs[name].to_pylist() for name in ("entry", "fingerprint", "target")), strict=True))
