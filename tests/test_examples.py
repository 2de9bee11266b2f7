"""Examples in docstrings run, and show what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

from forgotten_plugins import forgotten_afterwards

ROOT = Path(__file__).parent.parent
ROOMS = ("schedules", "harness", "leaderboards", "app")
WITH_EXAMPLES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
    if ">>> " in file.read_text(encoding="utf8")
)


@pytest.fixture
def registered():
    """What an example registers is forgotten with it."""
    with forgotten_afterwards():
        yield


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_show_what_they_say(module, registered):
    ran = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert ran.attempted
    assert not ran.failed


@pytest.mark.parametrize("room", ["schedules", "harness", "leaderboards"])
def test_the_face_of_a_room_is_documented_with_an_example(room):
    face = importlib.import_module(room)
    for name in face.__all__:
        text = getattr(face, name).__doc__ or ""
        assert text.strip(), name
        assert ">>> " in text, f"{room}.{name} has no example"
