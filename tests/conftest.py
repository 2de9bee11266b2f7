"""Settings of all tests, and what several rooms share.

Hypothesis draws the same examples every time and never judges by the clock.
"""

import pytest
from hypothesis import settings

settings.register_profile("snrbench", deadline=None, derandomize=True)
settings.load_profile("snrbench")


@pytest.fixture
def snrbench():
    """Runs a command in this process; gives its exit code, its output, and what it said."""
    from console import console

    with console() as run:
        yield run


@pytest.fixture(scope="session")
def bulk():
    """`bulk_store.py`: stores of many runs with known truth, without training."""
    import bulk_store

    return bulk_store


@pytest.fixture(scope="session")
def one_table():
    """Runs and scores in one table, what is known of a run beside each of its scores."""

    def joined(tables):
        beside = tables.runs.reindex(tables.scores["run"]).reset_index(drop=True)
        return beside.join(tables.scores.drop(columns="run").astype({"metric": "str", "split": "str"}))

    return joined
