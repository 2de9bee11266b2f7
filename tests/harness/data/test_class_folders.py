"""Images below class folders: torchvision's own order, and links that lead round in circles."""

import pytest
from torchvision.datasets import ImageFolder

from harness.data import image_folder, train_val_folder
from harness.data.class_folders import found
from harness.data.image_folder import contents
from schedules.errors import UserError

NAMES = ("daisy/1.png", "daisy/more/ü 2.jpeg", "daisy/more-3/3.webp", "daisy-2/4.png", "tulip/5.JPG", "tulip/6.txt")


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
    assert list(found(flowers).samples) == expected.samples
    assert list(found(flowers).classes) == expected.classes


@pytest.mark.parametrize("back", ["..", ".", "../.."])
def test_a_link_to_a_folder_that_it_lies_in_is_passed_over(flowers, back):
    before, digest = found(flowers), contents(str(flowers))
    for folder in (flowers, flowers / "daisy", flowers / "daisy" / "more"):
        (folder / "up").symlink_to(back)
    assert found(flowers) == before
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
