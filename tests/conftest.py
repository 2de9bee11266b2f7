"""Settings of all tests, and what several rooms share.

Hypothesis draws the same examples every time and never judges by the clock.
"""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("snrbench", deadline=None, derandomize=True)
settings.load_profile("snrbench")


@pytest.fixture(scope="session")
def bulk():
    """`bulk_store.py`: stores of many runs with known truth, without training."""
    sys.path.insert(0, str(Path(__file__).parent))
    import bulk_store

    return bulk_store
