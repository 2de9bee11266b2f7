"""The optimiser is torch's, bit for bit; what it holds can be taken out and put back."""

from __future__ import annotations

import pytest
import torch

from harness.training.optimiser import AdamW

BETAS, DECAY = (0.9, 0.99), 0.01


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.SiLU(), torch.nn.Linear(32, 8))
    layers.append(torch.nn.Linear(3, 3))  # is never called: a parameter without a gradient stays where it is
    return layers


def train(layers, optimiser, steps) -> None:
    for step in steps:
        x = torch.randn(16, 8, generator=torch.Generator().manual_seed(step))
        optimiser.param_groups[0]["lr"] = 1e-2 * min(1.0, step / 10)
        (layers[:3](x) - x).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)


@pytest.fixture(scope="module")
def by_torch():
    layers = network()
    optimiser = torch.optim.AdamW(layers.parameters(), lr=1e-2, betas=BETAS, weight_decay=DECAY, fused=True)
    train(layers, optimiser, range(40))
    return list(layers.parameters()), optimiser.state_dict()["state"]


def test_weights_and_moments_are_torchs(by_torch):
    weights, state = by_torch
    layers = network()
    optimiser = AdamW(layers.parameters(), 1e-2, BETAS, DECAY)
    train(layers, optimiser, range(40))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(layers.parameters(), weights, strict=True))
    rows = optimiser.state_by_row()
    assert {row: list(values) for row, values in rows.items()} == {row: list(values) for row, values in state.items()}
    for row, values in state.items():
        for name, value in values.items():
            torch.testing.assert_close(rows[row][name], value, rtol=0, atol=0)


def test_it_goes_on_from_what_it_held(by_torch):
    weights, _ = by_torch
    layers = network()
    optimiser = AdamW(layers.parameters(), 1e-2, BETAS, DECAY)
    train(layers, optimiser, range(15))
    rows = optimiser.state_by_row()
    another = AdamW(layers.parameters(), 1e-2, BETAS, DECAY)
    another.load_by_row(rows)
    train(layers, another, range(15, 40))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(layers.parameters(), weights, strict=True))
