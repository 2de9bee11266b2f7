"""Batches in parts, and what a team does with rows; processes themselves: tests/execution/test_torchrun.py."""

import pytest
import torch

from harness.run import Bench
from harness.specs import Entry, RunSpec
from harness.training import distributed
from harness.training.distributed import SharedNetwork, Team, TeamBench

CPU = torch.device("cpu")


@pytest.mark.parametrize("entry", [Entry.of("laplace"), Entry.of("infonoise", "uncertainty")])
def test_accumulated_gradients_train_as_the_whole_batch_does(quick_gmm, entry):
    """1, 2, 4 parts and parts of unequal size: the same losses to 1e-5 over 75 steps, whatever learns from them."""
    spec = RunSpec(track="gmm-v1", target="v", entry=entry, seed=0)
    whole = Bench(quick_gmm, CPU).trainer(spec)
    whole.run(75)
    for rows in (128, 64, 32, 50):
        parts = TeamBench(quick_gmm, CPU, Team(), rows).trainer(spec)
        parts.run(75)
        torch.testing.assert_close(parts.losses, whole.losses, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(
            parts.state()["ema.out.weight"], whole.state()["ema.out.weight"], rtol=1e-3, atol=1e-5
        )


@pytest.mark.parametrize("count", [1, 5, 8, 13])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_rows_of_a_team_are_all_rows_once_and_in_order(count, size, monkeypatch):
    rows = [Team(rank, size).rows(count) for rank in range(size)]
    assert [row for one in rows for row in range(count)[one]] == list(range(count))
    data = torch.arange(2 * count).view(count, 2)

    def all_gather(parts, padded):
        for rank, part in enumerate(parts):
            part[: len(data[rows[rank]])] = data[rows[rank]]

    monkeypatch.setattr(distributed.distributed, "all_gather", all_gather)
    assert torch.equal(Team(0, size).gather(data[rows[0]], count), data)


def test_a_shared_network_is_asked_for_the_rows_of_its_process(quick_digits):
    network = Bench(quick_digits, CPU).network(0)
    torch.nn.init.normal_(network.out.weight)
    x, label = torch.randn(9, *network.shape), torch.arange(9)

    class Echo(Team):
        def gather(self, part, count):
            return part

    half = SharedNetwork(network, Echo(1, 2))
    torch.testing.assert_close(
        half(x, torch.linspace(-3, 3, 9), label), network(x, torch.linspace(-3, 3, 9), label)[4:]
    )
    at_one = network.at_one_logsnr(x, torch.tensor(1.0), label)
    torch.testing.assert_close(half.at_one_logsnr(x, torch.tensor(1.0), label), at_one[4:])
    whole = SharedNetwork(network, Team(1, 20))  # more processes than rows
    torch.testing.assert_close(whole.at_one_logsnr(x, torch.tensor(1.0), label), at_one)
