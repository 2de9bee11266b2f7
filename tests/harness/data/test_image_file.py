"""One file as pixels: every byte of an 8-bit image, grey of 16 bits scaled, other numbers refused."""

import re

import numpy as np
import pytest
from PIL import Image

from harness.data.image_file import header, read
from schedules.errors import UserError

LEVELS = np.arange(256).reshape(16, 16)


def saved(file, pixels, mode=None, **options):
    image = Image.fromarray(pixels) if mode is None else Image.frombytes(mode, (16, 16), pixels.tobytes())
    image.save(file, **options)
    return file


def test_eight_bits_are_read_as_they_are(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(saved(tmp_path / "c.png", colour), 16).transpose(1, 2, 0), colour)
    np.testing.assert_array_equal(read(saved(tmp_path / "g.bmp", LEVELS.astype(np.uint8)), 16, "L")[0], LEVELS)


def test_sixteen_bits_are_scaled_to_the_nearest_of_eight(tmp_path):
    """However Pillow calls them: I;16 of PNG and TIFF, I;16B of a big-endian TIFF, I of PGM."""
    exact = (257 * LEVELS).astype(np.uint16)
    (tmp_path / "g.pgm").write_bytes(b"P5 16 16 65535\n" + exact.astype(">u2").tobytes())
    files = [
        saved(tmp_path / "g.png", exact),
        saved(tmp_path / "g.tif", exact),
        saved(tmp_path / "big.tif", exact.astype(">u2"), "I;16B"),
        saved(tmp_path / "int.tif", exact.astype(np.int32)),
        tmp_path / "g.pgm",
    ]
    for file in files:
        for upright in (False, True):
            np.testing.assert_array_equal(read(file, 16, "L", upright)[0], LEVELS, err_msg=file.name)
        np.testing.assert_array_equal(read(file, 16), np.stack([LEVELS] * 3), err_msg=file.name)
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(read(saved(tmp_path / "all.png", every), 256, "L")[0], np.round(every / 257))


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (LEVELS.astype(np.float32), "has mode F of 32 bits; expected 8 bits a channel, or grey of 16 bits"),
        ((LEVELS * 1000).astype(np.int32), "has mode I with values 0 to 255000; expected 8 bits a channel, or grey"),
        ((LEVELS - 9).astype(np.int32), "has mode I with values -9 to 246; expected"),
    ],
)
def test_numbers_without_a_known_white_are_refused_by_name(tmp_path, pixels, says):
    file = saved(tmp_path / "odd.tif", pixels)
    with pytest.raises(UserError, match=re.escape(f"image {str(file)!r} {says}")) as refusal:
        read(file, 16)
    assert "\n" not in str(refusal.value)


def test_a_header_says_size_and_transparency(tmp_path):
    opaque, alpha = np.zeros((16, 20, 3), np.uint8), np.zeros((16, 20, 4), np.uint8)
    assert header(saved(tmp_path / "a.png", opaque)).size == (20, 16)
    assert not header(tmp_path / "a.png").transparent
    assert header(saved(tmp_path / "b.png", alpha)).transparent
    assert header(saved(tmp_path / "c.png", opaque, transparency=(0, 0, 0))).transparent
