"""DDIM against closed forms."""

import numpy as np
import pytest
import torch

import schedules
from harness.networks.mlp import ResidualMLP
from harness.sampling.captured_ddim import CapturedDDIM
from harness.sampling.ddim import DDIM, ddim, logsnr_grid
from harness.targets import TARGETS, target

COSINE = schedules.create("cosine")


def gaussian_denoiser(prediction, variance, calls=None):
    """Optimal for x₀ ~ N(0, variance): ε̂ = σ x / (α² variance + σ²)."""

    def network(x, logsnr, label):
        alpha, sigma = torch.sigmoid(logsnr.double()).sqrt(), torch.sigmoid(-logsnr.double()).sqrt()
        if calls is not None:
            calls.append((float(logsnr), len(x)))
        eps = sigma * x / (alpha**2 * variance + sigma**2)
        return target(prediction, (x - sigma * eps) / alpha, eps, alpha, sigma)

    return network


@pytest.mark.parametrize("prediction", TARGETS)
def test_gaussian_data_is_mapped_by_its_exact_scale(prediction):
    """For Gaussian data the exact flow scales noise by √(variance·α² + σ²); many steps approach √variance."""
    noise = torch.randn(50, 2, dtype=torch.float64)
    label = torch.zeros(50, dtype=torch.int64)
    samples = ddim(gaussian_denoiser(prediction, 0.25), prediction, noise, label, np.linspace(-14, 14, 800))
    torch.testing.assert_close(samples, 0.5 * noise, rtol=0.02, atol=1e-6)


def test_the_grid_is_the_sampler_alone():
    """Protocol 3: the λ at which the network is asked are the track's, ascending, within its bounds."""
    grid, calls = logsnr_grid(COSINE, 12, (-5, 7)), []
    ddim(gaussian_denoiser("v", 1.0, calls), "v", torch.randn(3, 2), torch.zeros(3, dtype=torch.int64), grid)
    np.testing.assert_allclose([logsnr for logsnr, _ in calls], grid, rtol=1e-6)
    assert np.all(np.diff(grid) > 0)
    assert grid[0] > -5
    assert grid[-1] < 7


def test_grid_steps_are_even_in_the_schedules_time():
    time = COSINE.time(logsnr_grid(COSINE, 9, (-5, 7)))
    np.testing.assert_allclose(np.diff(time), np.diff(time)[0], rtol=1e-9)


def test_guidance_extrapolates_and_asks_both_halves_in_one_batch():
    sizes = []

    def network(x, logsnr, label):
        sizes.append(len(x))
        return torch.where(label[:, None] == 9, torch.zeros_like(x), torch.ones_like(x))

    x, label = torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)
    guided = ddim(network, "x0", x, label, np.array([0.0]), guidance=3.0, no_label=9)
    torch.testing.assert_close(guided, torch.full_like(x, 3.0))
    plain = ddim(network, "x0", x, label, np.array([0.0]), guidance=1.0, no_label=9)
    torch.testing.assert_close(plain, torch.ones_like(x))
    assert sizes == [8, 4]


@pytest.mark.parametrize("guidance", [1.0, 1.5, 3.0])
def test_a_captured_sampler_draws_what_the_plain_one_draws(guidance):
    torch.manual_seed(0)
    network = ResidualMLP((3,), 10, width=16, blocks=2, condition=8)
    network.out.weight.data.normal_(std=0.1)
    plain, notes = DDIM(network.at_one_logsnr, "v", 10), []
    captured = CapturedDDIM(plain, 6, notes)
    for rows, low in ((6, -4.0), (4, -4.0), (6, -2.0)):  # fewer samples, then another grid of as many steps
        noise, label, grid = torch.randn(rows, 3), torch.arange(rows), np.linspace(low, 5, 7)
        torch.testing.assert_close(captured(noise, label, grid, guidance), plain(noise, label, grid, guidance))
    assert notes == []
