"""Examples in docstrings run, and show what they say."""

import doctest
import importlib
import re
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


WITH_A_FACE = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
    if re.search("^__all__ = ", file.read_text(encoding="utf8"), re.MULTILINE)
)


@pytest.mark.parametrize("module", WITH_A_FACE)
def test_the_face_of_a_room_is_documented_with_an_example(module):
    """Every function and class that `__all__` names. Constants have no docstring of their own."""
    face = importlib.import_module(module)
    for name in face.__all__:
        part = getattr(face, name)
        if callable(part):
            text = part.__doc__ or ""
            assert text.strip(), name
            assert ">>> " in text, f"{module}.{name} has no example"
