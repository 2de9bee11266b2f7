"""Prediction targets: conversions are exact, and squared errors convert by c_target(λ)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.targets import TARGETS, target, to_eps, to_x0
from schedules.weightings import target_factor

LOGSNR = st.floats(-12, 12)
SEEDS = st.integers(0, 2**32 - 1)


def draw(logsnr, seed):
    rng = np.random.default_rng(seed)
    x0, eps, noise = rng.standard_normal((3, 7))
    alpha, sigma = (1 / np.sqrt(1 + np.exp(sign * logsnr)) for sign in (-1, 1))
    return x0, eps, noise, alpha, sigma, alpha * x0 + sigma * eps


@pytest.mark.parametrize("name", TARGETS)
@given(logsnr=LOGSNR, seed=SEEDS)
def test_target_converts_back_to_eps_and_x0(name, logsnr, seed):
    x0, eps, _, alpha, sigma, x = draw(logsnr, seed)
    exact = target(name, x0, eps, alpha, sigma)
    np.testing.assert_allclose(to_eps(name, exact, x, alpha, sigma), eps, atol=1e-6)
    np.testing.assert_allclose(to_x0(name, exact, x, alpha, sigma), x0, atol=1e-6)


@pytest.mark.parametrize("name", TARGETS)
@given(logsnr=LOGSNR, seed=SEEDS)
def test_converted_predictions_agree_with_the_noised_input(name, logsnr, seed):
    """Whatever a network outputs, α x̂₀ + σ ε̂ is the x that it saw."""
    _, _, output, alpha, sigma, x = draw(logsnr, seed)
    noised = alpha * to_x0(name, output, x, alpha, sigma) + sigma * to_eps(name, output, x, alpha, sigma)
    np.testing.assert_allclose(noised, x, atol=1e-6 * (1 + 1 / min(alpha, sigma)))


@pytest.mark.parametrize("name", TARGETS)
@given(logsnr=LOGSNR, seed=SEEDS)
def test_squared_error_is_the_eps_error_times_c_target(name, logsnr, seed):
    x0, eps, wrong, alpha, sigma, x = draw(logsnr, seed)
    output = target(name, x0, eps, alpha, sigma) + wrong
    eps_error = np.sum((to_eps(name, output, x, alpha, sigma) - eps) ** 2)
    factor = float(target_factor(name, np.array(logsnr)))
    np.testing.assert_allclose(np.sum(wrong**2), factor * eps_error, rtol=1e-6)


@given(logsnr=LOGSNR, seed=SEEDS)
def test_edm_is_the_preconditioned_denoiser_of_its_paper(logsnr, seed):
    """Karras et al. 2022: eq. 7 with table 1 at σ_data = 1, against diffusers' implementation of it."""
    from diffusers import EDMEulerScheduler

    x0, eps, output, alpha, sigma, x = (torch.as_tensor(value, dtype=torch.float64) for value in draw(logsnr, seed))
    sigma_edm = sigma / alpha
    noised = x0 + sigma_edm * eps
    scheduler = EDMEulerScheduler(sigma_data=1.0, prediction_type="epsilon")
    torch.testing.assert_close(x, scheduler.precondition_inputs(noised, sigma_edm))
    denoised = scheduler.precondition_outputs(noised, output, sigma_edm)
    torch.testing.assert_close(to_x0("edm", output, x, alpha, sigma), denoised)

    c_skip, c_out = 1 / (sigma_edm**2 + 1), sigma_edm / (sigma_edm**2 + 1).sqrt()
    torch.testing.assert_close(denoised, c_skip * noised + c_out * output)
    wanted = target("edm", x0, eps, alpha, sigma)
    torch.testing.assert_close(wanted, (x0 - c_skip * noised) / c_out, atol=1e-6, rtol=1e-6)
    assert torch.equal(wanted, -target("v", x0, eps, alpha, sigma))
    # λ(σ) of table 1, on the denoiser's error, is weight 1 on F's.
    weight = (sigma_edm**2 + 1) / sigma_edm**2
    torch.testing.assert_close(weight * (denoised - x0).square(), (output - wanted).square(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("function", [to_eps, to_x0])
def test_unknown_target_is_refused(function):
    with pytest.raises(ValueError, match="score"):
        function("score", 1.0, 1.0, 0.6, 0.8)
