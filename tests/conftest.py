"""Settings of all tests, and what several rooms share.

Hypothesis draws the same examples every time and never judges by the clock.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("snrbench", deadline=None, derandomize=True)
settings.load_profile("snrbench")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: Python need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def nothing_left_registered():
    """What the tests of a file registered, none of another file meets, whichever process runs it."""
    from forgotten_plugins import forgotten_afterwards

    with forgotten_afterwards():
        yield


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
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder that all processes of a test session share: whoever comes first writes it."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def shared(name: str, write: Callable[[Path], object]) -> Path:
        folder, done = root / f"once-{name}", root / f"once-{name}.done"
        with FileLock(root / f"once-{name}.lock"):
            if not done.exists():
                write(folder)
                done.touch()
        return folder

    return shared


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(once):
    """MLflow takes a second to make its tables, which are the same each time: a store that a test makes in this process
    begins with a copy of the first ones, as a store that was copied does. Gives what makes them."""
    from harness.results.mlflow_access import tables

    make = tables.make

    def copied(file: Path, artifacts: Path) -> None:
        shutil.copyfile(once("tables.db", lambda first: make(first, first.parent / artifacts.name)), file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "make", copied)
        yield make


@pytest.fixture
def tables_of_mlflow(tables_made_once, monkeypatch):
    """For tests of the making itself: stores have MLflow make their tables, as they do for users."""
    monkeypatch.setattr("harness.results.mlflow_access.tables.make", tables_made_once)


@pytest.fixture(scope="session")
def one_table():
    """Runs and scores in one table, what is known of a run beside each of its scores."""

    def joined(tables):
        beside = tables.runs.reindex(tables.scores["run"]).reset_index(drop=True)
        return beside.join(tables.scores.drop(columns="run").astype({"metric": "str", "split": "str"}))

    return joined
