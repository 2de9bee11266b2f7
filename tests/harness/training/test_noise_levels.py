"""λ and loss factors: what a schedule and a weighting do to training."""

import numpy as np
import pytest
from scipy import integrate

import schedules
from harness.targets import TARGETS
from harness.training.noise_levels import NoiseLevelSource
from schedules import weightings
from schedules.weightings import target_factor

RANGE = (-20.0, 20.0)
MIDPOINTS = (np.arange(200_000) + 0.5) / 200_000


def source(schedule="laplace", weighting="native", target="v", baseline=None, limits=RANGE):
    return NoiseLevelSource(
        schedules.parse(schedule),
        weightings.parse(weighting),
        target,
        limits,
        None if baseline is None else schedules.parse(baseline),
    )


@pytest.mark.parametrize("target", TARGETS)
def test_native_is_plain_mean_squared_error(target):
    levels = source(target=target)(MIDPOINTS[::100])
    assert np.array_equal(levels.factor.numpy(), np.ones_like(levels.factor.numpy()))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weighting", ["min_snr", "soft_min_snr:gamma=2"])
@pytest.mark.parametrize("schedule", ["cosine", "laplace", "edm"])
def test_factors_average_to_one_over_the_schedule(schedule, weighting, target):
    """Protocol: a weighting moves emphasis between λ, never the overall step."""
    levels = source(schedule, weighting, target)
    assert np.mean(levels.factor(levels.draw(MIDPOINTS))) == pytest.approx(1, rel=2e-3)


def test_factor_is_proportional_to_omega_over_c_target():
    logsnr = np.linspace(-8, 8, 33)
    for target in TARGETS:
        levels = source("cosine", "min_snr:gamma=5", target)
        expected = np.minimum(np.exp(logsnr), 5) / np.exp(logsnr) / target_factor(target, logsnr)
        ratio = levels.factor(logsnr) / expected
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


@pytest.mark.parametrize("schedule", ["edm", "cosine_scaled:s=2"])
@pytest.mark.parametrize("weighting", ["native", "min_snr"])
def test_applied_by_weight_has_the_same_expectation(schedule, weighting):
    """Protocol 7: drawing from p, or from the baseline weighted by p/p_baseline, is one objective in expectation."""

    def risk(logsnr):
        return 1 / (1 + np.exp(-logsnr / 3))

    sampled, weighted = source(schedule, weighting), source(schedule, weighting, baseline="cosine")
    by_sampling = integrate.quad(
        lambda x: float(sampled.schedule.pdf(x) * sampled.factor(np.array(x)) * risk(x)), -19, 19, limit=400, points=[0]
    )[0]
    by_weight = integrate.quad(
        lambda x: float(weighted.baseline.pdf(x) * weighted.factor(np.array(x)) * risk(x)),
        -19,
        19,
        limit=400,
        points=[0],
    )[0]
    assert by_weight == pytest.approx(by_sampling, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in schedules.names() if not schedules.create(name).learns])
def test_every_static_schedule_has_one_objective_applied_either_way(name):
    """Protocol 7 by quadrature: means over uniforms, drawn from p as such or from the baseline and weighted.

    The risk fades towards the track's ends, beyond which drawing from p clips. 2 % is the error of the coarser sum.
    """

    def risk(logsnr):
        return np.exp(-((logsnr / 6) ** 2)) / (1 + np.exp(-logsnr / 3))

    sampled, weighted = source(name), source(name, baseline="cosine")
    drawn, reweighted = sampled.draw(MIDPOINTS), weighted.draw(MIDPOINTS)
    by_sampling = np.mean(sampled.factor(drawn) * risk(drawn))
    by_weight = np.mean(weighted.factor(reweighted) * risk(reweighted))
    assert by_weight == pytest.approx(by_sampling, rel=0.02)


def test_logsnr_is_the_quantile_clipped_to_the_track_range():
    drawn = source("cauchy", limits=(-20, 20)).draw(np.array([1e-9, 0.25, 0.5, 1 - 1e-9]))
    np.testing.assert_allclose(drawn, [-20, -1, 0, 20], atol=1e-9)


def test_alpha_and_sigma_preserve_variance_at_the_extremes():
    levels = source("cauchy")(np.array([1e-9, 0.5, 1 - 1e-9]))
    alpha, sigma = levels.alpha.double().numpy(), levels.sigma.double().numpy()
    np.testing.assert_allclose(alpha**2 + sigma**2, 1, rtol=1e-6)
    np.testing.assert_allclose(alpha[0], np.exp(-10), rtol=1e-6)
    np.testing.assert_allclose(sigma[2], np.exp(-10), rtol=1e-6)
