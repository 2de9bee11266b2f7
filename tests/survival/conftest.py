"""How far the survival tests go: a few rounds each, or with SNRBENCH_SURVIVAL=long as many as it takes to be sure."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

LONG = os.environ.get("SNRBENCH_SURVIVAL") == "long"


@pytest.fixture
def rounds():
    """How often to do a thing: in the short form, and in the long one."""
    return lambda short, long: long if LONG else short
