"""The step against its formulas, and arithmetic on lists of tensors with and without torch's private functions."""

import math

import pytest
import torch

from harness.targets import TARGETS
from harness.training import rates, tensor_lists
from harness.training.batches import Batch, StepBlock
from harness.training.step import squared_errors, weighted_mean


def batch_of(rows, shape=(2, 3)):
    drawn = torch.Generator().manual_seed(0)
    logsnr = 3 * torch.randn(rows, generator=drawn)
    x0, eps = (torch.randn(*rows, *shape, generator=drawn) for _ in range(2))
    alpha, sigma = (value.sqrt().view(*rows, *(1 for _ in shape)) for value in (logsnr.sigmoid(), (-logsnr).sigmoid()))
    return Batch(x0, eps, torch.zeros(rows, dtype=torch.int64), logsnr, alpha, sigma, torch.rand(rows, generator=drawn))


@pytest.mark.parametrize("prediction", TARGETS)
def test_errors_of_different_targets_differ_by_their_exact_factors(prediction):
    """A network that errs by a known ε̂ − ε, in the space of each target: c_T(λ)‖ε − ε̂‖² per dimension."""
    batch = batch_of((5,))
    off = torch.full_like(batch.eps, 0.5)
    ratio = torch.exp(-batch.logsnr / 2).view(-1, 1, 1)
    shift = {"eps": 1, "x0": -ratio, "v": (1 + ratio**2).sqrt(), "flow": 1 + ratio, "edm": -(1 + ratio**2).sqrt()}
    clean = {
        "eps": batch.eps,
        "x0": batch.x0,
        "v": batch.alpha * batch.eps - batch.sigma * batch.x0,
        "flow": batch.eps - batch.x0,
        "edm": batch.sigma * batch.x0 - batch.alpha * batch.eps,
    }
    inputs = []

    def network(x, logsnr, label):
        inputs.append(x)
        return clean[prediction] + shift[prediction] * off

    errors = squared_errors(network, batch, prediction, "fp32")
    expected = 0.25 * (shift[prediction] * torch.ones_like(ratio)).square().flatten()
    torch.testing.assert_close(errors, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(inputs[0], batch.alpha * batch.x0 + batch.sigma * batch.eps)


def test_many_networks_at_once_have_the_loss_of_each():
    batch = batch_of((3, 4))

    def network(x, logsnr, label):
        return 0.1 * x

    errors = squared_errors(network, batch, "v", "fp32")
    losses = weighted_mean(batch.factor, errors)
    assert (errors.shape, losses.shape) == ((3, 4), (3,))
    for member in range(3):
        alone = Batch(*(tensor[member] for tensor in batch.tensors()))
        own = squared_errors(network, alone, "v", "fp32")
        torch.testing.assert_close(errors[member], own)
        by_hand = math.fsum(float(k) * float(e) for k, e in zip(alone.factor, own, strict=True)) / 4
        assert float(weighted_mean(alone.factor, own)) == pytest.approx(by_hand, rel=1e-5)
        assert float(losses[member]) == pytest.approx(by_hand, rel=1e-5)


def test_parts_of_a_batch_have_the_loss_of_the_whole_together():
    batch = batch_of((7,))
    errors = squared_errors(lambda x, logsnr, label: x, batch, "eps", "fp32")
    parts = [weighted_mean(batch.factor[rows], errors[rows], 7) for rows in (slice(0, 5), slice(5, 7))]
    torch.testing.assert_close(sum(parts), weighted_mean(batch.factor, errors))


def test_a_block_gives_the_batch_of_a_step_by_its_number_on_the_device():
    block = StepBlock.blank((4, 2), (1, 3), torch.device("cpu"))
    for number, tensor in enumerate(block.tensors):
        tensor.copy_(torch.arange(4).view(-1, *(1 for _ in tensor.shape[1:])) + 10 * number)
    for step, batch in enumerate(block):
        assert all(map(torch.equal, block.at(torch.tensor([step])).tensors(), batch.tensors()))
        assert [float(tensor.flatten()[0]) for tensor in batch.tensors()] == [step + 10 * n for n in range(7)]


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_lists_of_tensors_are_moved_alike_with_and_without_torchs_private_functions(private, monkeypatch):
    ends = [torch.randn(3, 2, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    expected = [[end * share for end in ends] for share in (0.25, 0.25, 1.0)]
    if not private:
        for name in ("lerp_", "sub", "mul_", "add_", "copy_"):
            monkeypatch.delattr(torch, f"_foreach_{name}")
    by_number, on_device, copied = ([torch.zeros(3, 2) for _ in ends] for _ in range(3))
    tensor_lists.lerp(by_number, ends, 0.25)
    tensor_lists.lerp_on_device(on_device, ends, torch.tensor(0.25))
    tensor_lists.copy(copied, ends)
    for moved, wanted in zip((by_number, on_device, copied), expected, strict=True):
        assert all(map(torch.equal, moved, wanted))


def test_rates_of_no_warm_up_and_of_a_decay_that_is_never_reached(quick_gmm):
    rules = quick_gmm.training.model_copy(update={"warmup_steps": 0, "ema_decay": 1.0})
    assert rates.learning_rate(rules, 0) == rules.learning_rate
    assert [rates.decay(rules, step) for step in (0, 8, 80)] == [0.1, 0.5, 0.9]
