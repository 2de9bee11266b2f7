"""Images below class folders: torchvision's own order, and links that lead round in circles."""

import hashlib
import os
import sys

import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from harness.data import image_folder, train_val_folder
from harness.data.class_folders import class_folders
from harness.data.image_folder import contents
from schedules.errors import UserError

NAMES = ("daisy/1.png", "daisy/more/ü 2.jpeg", "daisy/more-3/3.webp", "daisy-2/4.png", "tulip/5.JPG", "tulip/6.txt")


KEPT = "3650f6cc3c0c0c09"
"""Its digest, computed by the version before."""


@pytest.fixture
def flowers(tmp_path):
    for size, name in enumerate(NAMES):
        file = tmp_path / "flowers" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    return tmp_path / "flowers"


def test_the_order_is_that_of_torchvision_links_to_other_folders_included(flowers, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (elsewhere / "7.png").touch()
    (flowers / "rose").symlink_to(elsewhere.parent)
    (flowers / "tulip" / "again").symlink_to(elsewhere)
    (flowers / "tulip" / "0.png").symlink_to(flowers / "daisy" / "1.png")
    expected = ImageFolder(flowers)
    assert list(class_folders(flowers).samples) == expected.samples
    assert list(class_folders(flowers).classes) == expected.classes


@pytest.mark.parametrize("back", ["..", ".", "../.."])
def test_a_link_to_a_folder_that_it_lies_in_is_passed_over(flowers, back):
    before, digest = class_folders(flowers), contents(str(flowers))
    for folder in (flowers, flowers / "daisy", flowers / "daisy" / "more"):
        (folder / "up").symlink_to(back)
    assert class_folders(flowers) == before
    assert contents(str(flowers)) == digest
    assert image_folder.counts(str(flowers)) == (3, 1, 1)


def test_classes_that_are_linked_with_each_other_end(flowers):
    (flowers / "daisy" / "other").symlink_to(flowers / "tulip")
    (flowers / "tulip" / "other").symlink_to(flowers / "daisy")
    assert image_folder.counts(str(flowers)) == (4, 1, 4)


def test_a_circle_of_links_adds_nothing_to_train_and_val(tmp_path):
    for part in ("train", "val"):
        (tmp_path / part / "ant").mkdir(parents=True)
        for number in range(3):
            (tmp_path / part / "ant" / f"{number}.png").touch()
        (tmp_path / part / "ant" / "up").symlink_to("..")
    folder = train_val_folder.listed(tmp_path, 1)
    assert [len(split) for split in folder.splits.values()] == [2, 1, 3]
    (tmp_path / "val" / "bee").mkdir()
    with pytest.raises(UserError, match="val: no image in class 'bee'"):
        train_val_folder.listed(tmp_path, 1)


def test_a_digest_of_png_jpeg_and_webp_is_of_names_and_sizes_as_stores_hold_it(flowers):
    """As versions before BMP and its like had their bytes in it computed it for the same folder."""
    listing = "\n".join(
        ["daisy/1.png 0", "daisy/more/ü 2.jpeg 1", "daisy/more-3/3.webp 2", "daisy-2/4.png 3", "tulip/5.JPG 4"]
    )
    assert contents(str(flowers)) == hashlib.sha256(listing.encode()).hexdigest()[:16] == KEPT


@pytest.mark.parametrize("ending", ["bmp", "pgm", "PPM", "tif", "tiff"])
def test_an_edited_image_of_equal_size_is_noticed_where_nothing_is_compressed(flowers, ending):
    file = flowers / "tulip" / f"7.{ending}"
    Image.new("L", (8, 8), 1).save(file)
    size, before = file.stat().st_size, contents(str(flowers))
    Image.new("L", (8, 8), 2).save(file)
    assert file.stat().st_size == size
    assert contents(str(flowers)) != before


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have no such names")
def test_a_name_that_is_not_utf8_is_taken(tmp_path):
    for part in ("train", "val"):
        folder = tmp_path / part / "ant"
        folder.mkdir(parents=True)
        for number in range(20):
            os.close(os.open(os.fsencode(folder) + b"/\xff%d.png" % number, os.O_CREAT))
    assert len(contents(str(tmp_path / "train"))) == 16
    assert image_folder.sizes(str(tmp_path / "train"), 0.2, 0.2) == {"train": 12, "val": 4, "test": 4}
    assert len(train_val_folder.listed(tmp_path, 1).digest) == 64
    for part in ("train", "val"):
        os.rename(tmp_path / part / "ant", os.fsencode(tmp_path / part) + b"/\xfe")
    with pytest.raises(UserError, match=r"train: the name of class '\\udcfe' is not UTF-8") as refusal:
        train_val_folder.listed(tmp_path, 1)
    str(refusal.value).encode()
