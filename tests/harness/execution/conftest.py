"""A track that takes a second in a worker process, plugins that misbehave, and executors of every kind."""

import functools

import pytest

import brief_track
from harness.results.store import Store


@pytest.fixture(scope="module")
def brief(tmp_path_factory, one_thread):
    return brief_track.loaded(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def hostile_place(tmp_path, monkeypatch):
    """A working directory with modules of everybody's names, none of which must be imported."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    brief_track.write_hostile_modules(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def make(brief, store):
    """Makes an executor on the store."""
    return functools.partial(brief.executor, store)


@pytest.fixture
def at_work(brief):
    """A file that appears when `late_dawdles` is in the middle of its run."""
    brief.at_work.unlink(missing_ok=True)
    return brief.at_work


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")
