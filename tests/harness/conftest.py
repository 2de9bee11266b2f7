"""Small tracks that keep every rule of the real ones."""

import pytest
import torch

from harness import tracks
from harness.runs.run import bench


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


def shortened(name, steps=50, **evaluation):
    track = tracks.get(name)
    training = track.training.model_copy(update={"steps": steps, "warmup_steps": 10})
    return track.model_copy(update={"training": training, "evaluation": track.evaluation.model_copy(update=evaluation)})


@pytest.fixture
def quick_gmm(monkeypatch):
    """gmm-v1 with 100 steps and few samples, under its own name."""
    track = shortened("gmm-v1", steps=100, samples=128, ddim_steps=4, curve_points=32, paired_points=64)
    monkeypatch.setitem(tracks.TRACKS, "gmm-v1", track)
    bench.cache_clear()
    yield track
    bench.cache_clear()


@pytest.fixture(scope="module")
def tiny_gmm():
    """gmm-v1 with 40 steps in blocks of 5, under its own name, for a whole module."""
    track = shortened("gmm-v1", steps=40, samples=64, ddim_steps=2, curve_points=16, paired_points=32)
    track = track.model_copy(update={"training": track.training.model_copy(update={"block": 5})})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tracks.TRACKS, "gmm-v1", track)
        bench.cache_clear()
        yield track
    bench.cache_clear()


@pytest.fixture
def quick_digits(monkeypatch):
    """digits-v1 with 50 steps and few samples, under its own name."""
    track = shortened("digits-v1", steps=100, samples=100, ddim_steps=3, curve_points=30, paired_points=100)
    monkeypatch.setitem(tracks.TRACKS, "digits-v1", track)
    bench.cache_clear()
    yield track
    bench.cache_clear()
