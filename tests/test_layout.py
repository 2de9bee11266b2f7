"""Where things lie: tests beside what they test, files short enough to be read in one sitting."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("app", "harness", "leaderboards", "schedules")
LONGEST = 350


@pytest.mark.parametrize("room", ROOMS)
def test_tests_lie_in_the_folders_of_what_they_test(room):
    folders = {file.parent.relative_to(ROOT / "tests") for file in (ROOT / "tests" / room).rglob("test_*.py")}
    assert {folder for folder in folders if not (ROOT / folder).is_dir()} == set()


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_too_long_to_be_read(room):
    lengths = {file: len(file.read_text(encoding="utf8").splitlines()) for file in (ROOT / room).rglob("*.py")}
    assert {file: length for file, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_it_is_and_names_its_folders(room):
    page = (ROOT / room / "README.md").read_text(encoding="utf8")
    folders = [folder.name for folder in (ROOT / room).iterdir() if any(folder.glob("*.py"))]
    assert [name for name in folders if f"{name}/" not in page] == []
