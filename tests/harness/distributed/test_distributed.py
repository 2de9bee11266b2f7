"""Batches in parts, and what a team does with rows; processes themselves: tests/harness/execution/test_torchrun.py."""

import pytest
import torch

from harness.distributed import training
from harness.distributed.training import Team, TeamBench
from harness.runs.run import Bench
from harness.specs import Entry, RunSpec

CPU = torch.device("cpu")


@pytest.mark.parametrize("entry", [Entry.of("laplace"), Entry.of("infonoise", "uncertainty")])
def test_accumulated_gradients_train_as_the_whole_batch_does(quick_gmm, entry):
    """1 and 4 parts and parts of unequal size: the same losses to 1e-5 over 50 steps, whatever learns from them."""
    spec = RunSpec(track="gmm-v1", target="v", entry=entry, seed=0)
    whole = Bench(quick_gmm, CPU).trainer(spec)
    whole.run(50)
    for rows in (128, 32, 50):
        parts = TeamBench(quick_gmm, CPU, Team(), rows).trainer(spec)
        parts.run(50)
        torch.testing.assert_close(parts.losses, whole.losses, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(
            parts.state()["ema.out.weight"], whole.state()["ema.out.weight"], rtol=1e-3, atol=1e-5
        )


@pytest.mark.parametrize("size", [1, 2, 8])
def test_rows_of_a_team_are_all_rows_once_and_in_order(size, monkeypatch):
    data = torch.arange(32).view(16, 2)
    own = [data[Team(rank, size).rows(16)] for rank in range(size)]

    def all_gather(parts, mine):
        assert torch.equal(mine, own[size - 1])
        for part, rows in zip(parts, own, strict=True):
            part.copy_(rows)

    monkeypatch.setattr(training.distributed, "all_gather", all_gather)
    assert torch.equal(Team(size - 1, size).gather(own[size - 1]), data)


def test_rows_that_cannot_be_dealt_out_evenly_are_refused():
    with pytest.raises(ValueError, match="16 rows are no multiple of 3 processes"):
        Team(0, 3).rows(16)
