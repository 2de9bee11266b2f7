"""How far the survival tests go: a short form, which tox runs, or with SNRBENCH_SURVIVAL=long the one to be sure by."""

import os

import pytest
import torch

import brief_track

LONG = os.environ.get("SNRBENCH_SURVIVAL") == "long"


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """As in workers, so that a run in this process has their scores."""
    torch.set_num_threads(1)


@pytest.fixture
def form():
    """Chooses between what the short form takes and what the long one does."""
    return lambda short, long: long if LONG else short


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    return brief_track.loaded(tmp_path_factory.mktemp("plugins"))
