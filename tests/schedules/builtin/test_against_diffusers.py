"""Discrete tables and SD3's time densities against diffusers' own code."""

import diffusers
import numpy as np
import pytest
from diffusers import training_utils

import schedules
from schedules import UserError, from_alphas_cumprod, from_diffusers, trainers

TABLES = {
    "ddpm_linear": {"beta_schedule": "linear"},
    "ddpm_linear:T=500": {"beta_schedule": "linear", "num_train_timesteps": 500},
    "scaled_linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "preset/ldm": {"beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0195},
    "iddpm_cosine": {"beta_schedule": "squaredcos_cap_v2"},
    "geodiff_sigmoid": {"beta_schedule": "sigmoid"},
    "diffusers_laplace": {"beta_schedule": "laplace"},
    "zero_terminal_snr": {
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "rescale_betas_zero_snr": True,
    },
    "zero_terminal_snr:base=ddpm_linear": {"beta_schedule": "linear", "rescale_betas_zero_snr": True},
}


def scheduler(options):
    return diffusers.DDPMScheduler(**options)


def logsnr(table):
    signal = table.alphas_cumprod.double().numpy()
    with np.errstate(divide="ignore"):
        return np.log(signal) - np.log1p(-signal)


@pytest.mark.parametrize("spec", TABLES)
def test_table(spec):
    """diffusers works in float32, which near ᾱ = 1 leaves 1 − ᾱ about 1e-3 of relative error."""
    if spec == "diffusers_laplace":
        from diffusers.schedulers.scheduling_ddpm import betas_for_alpha_bar

        betas = betas_for_alpha_bar(1000, alpha_transform_type="laplace").double()
        expected = logsnr(type("Table", (), {"alphas_cumprod": (1 - betas).cumprod(0)}))
    else:
        expected = logsnr(scheduler(TABLES[spec]))
    ours = schedules.parse(spec).logsnr(np.arange(1, expected.size + 1) / expected.size)
    finite = np.isfinite(expected) & (expected > -12)
    error = np.abs(ours[finite] - expected[finite])
    float32 = 1.2e-7 * np.sqrt(np.arange(1, expected.size + 1))[finite] * (2 + np.exp(expected[finite]))
    assert np.all(error <= 1e-5 + 5 * float32)
    assert error[np.abs(expected[finite]) < 3].max() < 2e-5


def test_cogvideox():
    theirs = diffusers.CogVideoXDDIMScheduler(snr_shift_scale=3.0, rescale_betas_zero_snr=True)
    expected = logsnr(theirs)[:-1]
    ours = schedules.parse("preset/cogvideox").logsnr(np.arange(1, 1000) / 1000)
    inner = np.abs(expected) < 4
    assert np.abs(ours - expected)[inner].max() < 1e-4


@pytest.mark.parametrize("spec", [spec for spec in TABLES if spec != "diffusers_laplace"])
def test_from_diffusers_finds_the_registered_name(spec):
    schedule = from_diffusers(scheduler(TABLES[spec]))
    assert schedule.fingerprint == schedules.parse(spec).fingerprint


def test_from_diffusers_flow_matching():
    schedule = from_diffusers(diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0))
    assert schedule == schedules.parse("flow_uniform|shift:a=3")
    sigmas = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0).sigmas.double().numpy()[:1000]
    t = np.linspace(1, 1000, 1000)[::-1] / 1000
    np.testing.assert_allclose(1 / (1 + np.exp(schedule.logsnr(t[1:]) / 2)), sigmas[1:], atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"trained_betas": [0.1, 0.2]}, {"beta_schedule": "linear", "beta_start": 0.001, "rescale_betas_zero_snr": True}],
)
def test_what_has_no_name_is_refused(options):
    theirs = scheduler(options)
    with pytest.raises(UserError, match="from_alphas_cumprod"):
        from_diffusers(theirs)
    if "trained_betas" in options:
        assert from_alphas_cumprod(theirs.alphas_cumprod.double().numpy()).isf(0.5) == pytest.approx(
            np.log(9), abs=1e-5
        )


@pytest.mark.parametrize("s", [1.29, 1.75])
def test_mode_of_sd3(s):
    """With both values that its table 1 has."""
    import torch

    generator = torch.Generator().manual_seed(0)
    t = training_utils.compute_density_for_timestep_sampling("mode", 200_000, mode_scale=s, generator=generator)
    drawn = np.sort(2 * np.log((1 - t.double().numpy()) / t.double().numpy()))
    shares = (np.arange(drawn.size) + 0.5) / drawn.size
    inner = (shares > 0.01) & (shares < 0.99)
    assert np.abs(schedules.create("mode", s=s).cdf(drawn) - shares)[inner].max() < 1.95 / np.sqrt(drawn.size)


def test_logit_normal_is_mirrored_in_their_training_scripts():
    """They index timesteps that fall from noise to clean with u, as train_dreambooth_*_sd3 does."""
    import torch

    theirs = diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0)
    generator = torch.Generator().manual_seed(0)
    u = training_utils.compute_density_for_timestep_sampling(
        "logit_normal", 200_000, logit_mean=1.0, logit_std=1.0, generator=generator
    )
    sigma = theirs.sigmas[(u * 1000).long()].double().numpy()
    median = np.median(2 * np.log((1 - sigma) / sigma))
    assert median == pytest.approx(float(schedules.parse("diffusers_logit_normal:m=1").ppf(0.5)), abs=0.03)
    assert float(schedules.parse("logit_normal:m=1").ppf(0.5)) == pytest.approx(-2)


@pytest.mark.parametrize(("theirs", "ours"), [("sigma_sqrt", "sigma_sqrt"), ("cosmap", "cosmap_weight")])
def test_their_weightings(theirs, ours):
    import torch

    from schedules import weightings

    at = np.linspace(-8, 8, 33)
    sigma = 1 / (1 + np.exp(at / 2))
    expected = training_utils.compute_loss_weighting_for_sd3(theirs, torch.tensor(sigma)).double().numpy()
    flow = weightings.target_factor("flow", at)
    ours_at = weightings.create(ours)(at, "flow", schedules.create("flow_uniform"))
    np.testing.assert_allclose(ours_at, flow * expected, rtol=2e-6)


def test_flags_of_the_training_scripts():
    """Its own function indexes its own scheduler as the scripts do: mean 1 and shift 3 have a median of 2 − 2 ln 3."""
    import torch

    table = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    u = training_utils.compute_density_for_timestep_sampling(
        "logit_normal", 100_000, logit_mean=1.0, logit_std=0.5, generator=torch.Generator().manual_seed(0)
    )
    t = table.timesteps[(u * table.config.num_train_timesteps).long()].double().numpy() / 1000
    flags = "--weighting_scheme logit_normal --logit_mean 1 --logit_std 0.5 shift=3"
    ours = trainers.read("diffusers-flags", flags).schedule
    assert ours.fingerprint == schedules.parse("diffusers_logit_normal:m=1,s=0.5,a=3").fingerprint
    assert ours.ppf(0.5) == pytest.approx(2 - 2 * np.log(3), abs=1e-12)
    np.testing.assert_allclose(
        np.quantile(2 * np.log((1 - t) / t), [0.1, 0.5, 0.9]), ours.ppf([0.1, 0.5, 0.9]), atol=0.03
    )
