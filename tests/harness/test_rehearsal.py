"""What training takes is told from its first steps, and what is trained in a rehearsal is not kept."""

import itertools

import pytest
import torch

from harness import rehearsal
from harness.data.kept_weights import kept_weights


def trained(every):
    """A training of these steps: how many were taken."""
    return {"steps": torch.tensor(float(len(list(rehearsal.steps(every, 1000)))))}, {}


def test_a_rehearsal_takes_few_steps_and_tells_the_seconds_of_all(tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(rehearsal.time, "perf_counter", lambda: next(clock))  # ticks whenever it is looked at
    path = tmp_path / "weights.safetensors"
    with rehearsal.rehearsal() as estimate:
        state = kept_weights(path, lambda: trained(range(1000)))
        assert int(state["steps"]) < 10
        assert estimate.seconds == pytest.approx(1000 * estimate.spent / int(state["steps"]), rel=0.5)
    assert list(tmp_path.iterdir()) == []
    assert int(kept_weights(path, lambda: trained(range(1000)))["steps"]) == 1000
    with rehearsal.rehearsal() as estimate:
        assert int(kept_weights(path, lambda: trained(range(7)))["steps"]) == 1000, "what is kept is taken"
    assert estimate.seconds == 0
