"""Settings of all tests, and what several rooms share.

Hypothesis draws the same examples every time and never judges by the clock.
"""

import pytest
from hypothesis import settings

settings.register_profile("snrbench", deadline=None, derandomize=True)
settings.load_profile("snrbench")


@pytest.fixture
def snrbench(capsys, monkeypatch):
    """Runs a command in this process, as the console script does; gives its exit code, output and what it said.

    Tracks of a test's own are forgotten with it.
    """
    from harness import tracks
    from harness.cli import main

    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))
    monkeypatch.setenv("SNRBENCH_DEBUG", "")  # so that what --debug sets is taken back

    def call(*arguments):
        code = main.exit_code([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


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
