"""Every registered schedule against the density it is published as."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, IntDistribution
from scipy import integrate, stats
from scipy.special import expit

import schedules

AT = np.concatenate([np.linspace(-25, 25, 401), np.linspace(-2, 2, 101)])
SHARES = np.concatenate([10.0 ** -np.arange(1.0, 10), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** -np.arange(1.0, 10)])

# The last column of the list of sources: names that must be exactly these distributions.
IDENTITIES = {
    "cosine": stats.hypsecant(0, 2),
    "cosmap": stats.hypsecant(0, 2),
    "cosine_power": stats.hypsecant(0, 2),
    "cosine_shifted:loc=-1.5": stats.hypsecant(-1.5, 2),
    "cosine_scaled:s=2": stats.hypsecant(0, 1),
    "laplace:loc=1,scale=0.75": stats.laplace(1, 0.75),
    "cauchy:loc=-1,scale=2": stats.cauchy(-1, 2),
    "uniform_gamma": stats.logistic(0, 1),
    "loglogistic": stats.logistic(0, 1),
    "flow_uniform": stats.logistic(0, 2),
    "mode:s=0": stats.logistic(0, 2),
    "parabola:w=0": stats.logistic(0, 2),
    "flow_beta:a=1,b=1,s=1": stats.logistic(0, 2),
    "edm": stats.norm(2.4, 2.4),
    "edm2": stats.norm(0.8, 2),
    "split_lognormal": stats.norm(2.4, 2.4),
    "logit_normal:m=0.5,s=0.7": stats.norm(-1, 1.4),
    "meanflow": stats.skewnorm(-1, 0.8, 2),
    "style_friendly": stats.norm(-6, 2),
    "ve_sde": stats.uniform(-2 * np.log(50), 2 * np.log(5000)),
    "karras_rho": stats.truncexpon(2 * np.log(40000) / 14, -2 * np.log(80), 14),
    "uniform_logsnr:low=-5,high=13.3": stats.uniform(-5, 18.3),
    "generalized_normal:shape=1,scale=0.5": stats.laplace(0, 0.5),
    "generalized_normal:shape=2,scale=1": stats.norm(0, np.sqrt(0.5)),
    "student_t:df=1,scale=2": stats.cauchy(0, 2),
    "student_t:df=7": stats.t(7),
    "preset/edm-cifar10": stats.norm(2.4 + 2 * np.log(0.5), 2.4),
    "preset/edm2-img512": stats.norm(0.8 + 2 * np.log(0.5), 2),
    "preset/rae": stats.norm(-np.log(196608 / 4096), 2),
    "preset/rae-2025-10": stats.logistic(-np.log(196608 / 4096), 2),
    "preset/cosmos-predict2.5": stats.norm(-2 * np.log(5), 2),
    "preset/ideogram4-1024": stats.norm(-2 * np.log(2), 3),
    "preset/tim-t2i": stats.skewnorm(-1, 0, 3.2),
    "preset/arc": stats.uniform(-12, 16),
    "preset/krea2-1024": stats.norm(-2 * (0.5 + 0.65 * (4096 - 256) / (6400 - 256)), 2),
    "preset/pixnerd-512": stats.norm(-2 * np.log(4), 2),
    "preset/sd3": stats.norm(-2 * np.log(3), 2),
    "preset/flux-1024": stats.norm(-2.3, 2),
    "preset/stable-audio": stats.norm(-2.4, 4),
    "preset/jit": stats.norm(-1.6, 1.6),
}


@pytest.mark.parametrize("spec", IDENTITIES)
def test_identity(spec):
    schedule, truth = schedules.parse(spec), IDENTITIES[spec]
    np.testing.assert_allclose(schedule.pdf(AT), truth.pdf(AT), rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(schedule.cdf(AT), truth.cdf(AT), atol=1e-9)
    np.testing.assert_allclose(schedule.ppf(SHARES), truth.ppf(SHARES), rtol=1e-7, atol=1e-6)


# What the presets of known trainers come to, as published constants: mean and standard deviation.
NORMALS = {
    "preset/edm2-img64": (0.214, 3.2),
    "preset/alphafold3": (2.4, 3),
    "preset/ict": (0.814, 4),
    "preset/scm": (0.614, 2.8),
    "preset/svd": (-1.4, 3.2),
    "preset/cosmos-image": (0, 2),
    "preset/microdit-256": (0.989, 2.4),
    "preset/microdit-512": (-0.211, 1.2),
    "preset/trellis": (-2, 2),
    "preset/ltx-video": (-4.1, 2),
    "preset/flow-matching-image": (2.4, 2.4),
    "diffusers_logit_normal:m=1": (2.0, 2),
}


@pytest.mark.parametrize("spec", NORMALS)
def test_published_normals(spec):
    mean, deviation = NORMALS[spec]
    shares = np.array([0.01, 0.2, 0.5, 0.8, 0.99])
    np.testing.assert_allclose(schedules.parse(spec).ppf(shares), stats.norm(mean, deviation).ppf(shares), atol=6e-4)


# λ(t) written once more from the papers, in 40 digits.
TIME_FORMS = {
    "cosine_scaled:s=3": lambda t: -2 / mpmath.mpf(3) * mpmath.log(mpmath.tan(mpmath.pi * t / 2)),
    "vp_sde": lambda t: -mpmath.log(mpmath.expm1(0.1 * t + mpmath.mpf(19.9) * t * t / 2)),
    "vp_sde:eps=0.01": lambda t: TIME_FORMS["vp_sde"](mpmath.mpf(0.01) + (1 - mpmath.mpf(0.01)) * t),
    "vp_exp": lambda t: -mpmath.log(mpmath.expm1(12 * t)),
    "sub_vp_sde": lambda t: mpmath.log(mpmath.exp(-_b(t)) / (1 - mpmath.exp(-_b(t))) ** 2),
    "geometric_vpsde": lambda t: _logit(1 - mpmath.mpf(3e-5) ** (1 - t) * mpmath.mpf(0.999) ** t),
    "karras_rho": lambda t: (
        -2
        * 7
        * mpmath.log(
            mpmath.mpf(0.002) ** (1 / mpmath.mpf(7)) * (1 - _k(t)) + mpmath.mpf(80) ** (1 / mpmath.mpf(7)) * _k(t)
        )
    ),
    "sigmoid": lambda t: _logit(_chen(lambda x: 1 / (1 + mpmath.exp(-x)), -3, 3, t)),
    "sigmoid:start=0,end=3,tau=0.7": lambda t: _logit(_chen(lambda x: 1 / (1 + mpmath.exp(-x / 0.7)), 0, 3, t)),
    "cosine_power:start=0.2,end=1,tau=2": lambda t: _logit(_chen(_cos_power(2), 0.2, 1, t)),
    "cosine_power:start=0.1,end=0.9,tau=1": lambda t: _logit(_chen(_cos_power(1), 0.1, 0.9, t)),
    "mode": lambda t: _flow(1 - (1 - t) - 1.29 * (mpmath.cos(mpmath.pi * (1 - t) / 2) ** 2 - 1 + (1 - t))),
    "cosmap": lambda t: _flow(1 - 1 / (mpmath.tan(mpmath.pi * t / 2) + 1)),
    "sqrt": lambda t: _logit(1 - mpmath.sqrt(mpmath.mpf(1e-4) + (1 - mpmath.mpf(1e-4)) * t)),
    "polynomial": lambda t: _logit((1 - 2 * mpmath.mpf(1e-5)) * (1 - t * t) ** 2 + mpmath.mpf(1e-5)),
    "polynomial:power=1,s=0.0001": lambda t: _logit((1 - 2 * mpmath.mpf(1e-4)) * (1 - t) ** 2 + mpmath.mpf(1e-4)),
    "cosine_time": lambda t: _flow(mpmath.sin(mpmath.pi * t / 2)),
    "cosine_interpolated": lambda t: t * _shifted(32, t) + (1 - t) * _shifted(256, t),
}


def _b(t):
    return mpmath.mpf(0.1) * t + mpmath.mpf(19.9) * t * t / 2


def _k(t):
    """σ rises with t; as a density only the ends and the law matter: uniform in σ^{1/ρ}."""
    return t


def _logit(x):
    return mpmath.log(x / (1 - x))


def _flow(t):
    return 2 * mpmath.log((1 - t) / t)


def _cos_power(tau):
    return lambda x: mpmath.cos(x * mpmath.pi / 2) ** (2 * tau)


def _chen(f, start, end, t):
    start, end = mpmath.mpf(start), mpmath.mpf(end)
    return (f(end) - f(t * (end - start) + start)) / (f(end) - f(start))


def _shifted(noise_d, t):
    shift = 2 * mpmath.log(mpmath.mpf(noise_d) / 256)
    low, high = (
        mpmath.atan(mpmath.exp(-(2 * mpmath.log(1000) - shift) / 2)),
        mpmath.atan(mpmath.exp((2 * mpmath.log(1000) + shift) / 2)),
    )
    return -2 * mpmath.log(mpmath.tan(low + t * (high - low))) + shift


@pytest.mark.parametrize("spec", TIME_FORMS)
def test_time_form(spec):
    times = [1e-9, 1e-6, 1e-3, 0.03, 0.2, 0.5, 0.8, 0.97, 0.999, 1 - 1e-6]
    with mpmath.workdps(40):
        expected = [float(TIME_FORMS[spec](mpmath.mpf(t))) for t in times]
    schedule = schedules.parse(spec)
    np.testing.assert_allclose(schedule.logsnr(times), expected, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(schedule.time(expected), times, rtol=1e-6, atol=1e-9)


# Densities over the time of the straight path, unnormalised, as their sources write them.
FLOW_TIMES = {
    "flow_u_shape": lambda t: np.exp(4 * t) + np.exp(4 * (1 - t)),
    "parabola": lambda t: np.maximum(0, 2 - 7.7 * (t - 0.5) ** 2),
    "parabola:w=15,c=0.4": lambda t: np.maximum(0, 2 - 15 * (t - 0.4) ** 2),
    "sigmoid_ramp:w=9,c=0.3": lambda t: expit(9 * (t - 0.3)),
    "flow_beta:a=1.5,b=0.7,s=1": lambda t: stats.beta(1.5, 0.7).pdf(t),
    "flow_beta": lambda t: stats.beta(1.5, 1).pdf((t - 0.001) / 0.999),
    "stretched_logit_normal": lambda t: _logit_normal_on(t, *expit(stats.norm.ppf([0.005, 0.999]))),
    "trunc_logit_normal": lambda t: _logit_normal_on(1 - t, 0.075, 1.0),
    "meanflow": lambda t: 2 * stats.norm.cdf(_z(t)) * stats.norm.pdf(_z(t)) / (t * (1 - t)),
}


def _z(t):
    return np.log(t / (1 - t)) + 0.4


def _logit_normal_on(v, low, high):
    u = low + (high - low) * v
    return stats.norm.pdf(np.log(u / (1 - u))) / (u * (1 - u))


@pytest.mark.parametrize("spec", FLOW_TIMES)
def test_flow_time_density(spec):
    f = FLOW_TIMES[spec]
    points = [0.001, 0.0348516, 0.0490290, 0.5, 0.7651484]
    whole = integrate.quad(f, 0, 1, points=points, limit=400)[0]
    schedule = schedules.parse(spec)
    for t in (0.02, 0.1, 0.3, 0.5, 0.74, 0.9, 0.99):
        at = 2 * np.log((1 - t) / t)
        assert schedule.pdf(at) == pytest.approx(0.5 * t * (1 - t) * f(t) / whole, rel=1e-6, abs=1e-12)
        below = integrate.quad(f, 0, t, points=[p for p in points if p < t] or None, limit=400)[0] / whole
        assert schedule.time(at) == pytest.approx(below, abs=1e-8)


def test_split_lognormal_puts_its_mass_as_drawn():
    """Draws of k-diffusion's rule: |n| to the left with probability s1/(s1 + s2)."""
    rng = np.random.default_rng(0)
    n, u = np.abs(rng.standard_normal(400_000)), rng.random(400_000)
    log_sigma = np.where(u < 0.5 / (0.5 + 1.5), -1.0 - 0.5 * n, -1.0 + 1.5 * n)
    schedule = schedules.parse("split_lognormal:loc=-1,scale_1=0.5,scale_2=1.5")
    assert stats.kstest(-2 * log_sigma, schedule.cdf).pvalue > 1e-3


def test_drawn_times_of_speed_and_cubic():
    rng = np.random.default_rng(0)
    base = schedules.create("ddpm_linear")
    u = rng.random(200_000)
    assert stats.kstest(base.logsnr(1 - u**3), schedules.create("cubic").cdf).pvalue > 1e-3
    assert stats.kstest(base.logsnr(u**3), schedules.parse("cubic:side=clean").cdf).pvalue > 1e-3
    early = rng.random(200_000) < 5 * 0.7 / (5 * 0.7 + 0.3)
    t = np.where(early, 0.7 * u, 0.7 + 0.3 * u)
    assert stats.kstest(base.logsnr(t), schedules.create("speed").cdf).pvalue > 1e-3
    drawn = base.logsnr(rng.beta(0.8, 1.0, 200_000))
    assert stats.kstest(drawn, schedules.create("beta_timestep").cdf).pvalue > 1e-3


def test_vp_sde_is_the_limit_of_ddpm_linear():
    """They differ by Σ β²/2 = 0.067 at the noise end, the second order of −ln(1 − β)."""
    t = np.linspace(0.02, 1, 50)
    assert np.abs(schedules.create("vp_sde").logsnr(t) - schedules.create("ddpm_linear").logsnr(t)).max() < 0.07


def test_diffusers_laplace_is_off_by_what_the_docs_say():
    schedule = schedules.create("diffusers_laplace")
    np.testing.assert_allclose(schedule.ppf([0.01, 0.5, 0.99]), [-0.61, 0.883, 2.69], atol=2e-3)
    np.testing.assert_allclose(schedules.create("laplace").ppf([0.01, 0.5, 0.99]), [-1.956, 0, 1.956], atol=1e-3)


def _points(name):
    """Any point of a family's parameter space."""

    def values(space):
        if isinstance(space, CategoricalDistribution):
            return st.sampled_from(list(space.choices))
        if isinstance(space, IntDistribution):
            return st.integers(space.low, space.high)
        if space.log:
            return st.floats(np.log(space.low), np.log(space.high)).map(
                lambda x: float(np.clip(np.exp(x), space.low, space.high))
            )
        return st.floats(space.low, space.high)

    return st.fixed_dictionaries({key: values(space) for key, space in schedules.info(name).domain.items()})


STATIC = [name for name in schedules.names() if not schedules.create(name).learns]


@pytest.mark.parametrize("name", [name for name in STATIC if schedules.info(name).domain])
@given(data=st.data())
@settings(max_examples=12, deadline=None, derandomize=True)
def test_whole_parameter_space_conforms(name, data):
    schedules.validate(schedules.create(name, **data.draw(_points(name))))


@pytest.mark.parametrize("name", STATIC)
def test_defaults_conform(name):
    schedule = schedules.create(name)
    schedules.validate(schedule)
    tails = 10.0 ** -np.arange(10.0, 13)
    for value in (schedule.ppf(tails), schedule.ppf(1 - tails), schedule.logsnr(tails)):
        assert np.all(np.isfinite(value))
        assert np.all(schedule.pdf(value) >= 0)


@pytest.mark.parametrize("name", STATIC)
def test_quantiles_keep_the_stated_accuracy(name):
    """Q(F(λ)) = λ to 1e-6, as far as float64 shares can tell: both sides of the table, each from its own tail."""
    schedule = schedules.create(name)
    shares = 10.0 ** -np.linspace(0.31, 9, 200)
    for at, back in (
        (schedule.ppf(shares), lambda x: schedule.ppf(schedule.cdf(x))),
        (schedule.logsnr(shares), lambda x: schedule.logsnr(schedule.time(x))),
    ):
        slack = 1e-6 + 4e-16 / np.maximum(schedule.pdf(at), 1e-300)
        assert np.all(np.abs(back(at) - at) <= slack * np.maximum(1, np.abs(at)))


def test_docs_and_sources_are_there():
    for name in schedules.names():
        info = schedules.info(name)
        assert info.summary.endswith((".", ":")) or "." in info.doc, name
        assert info.paper or name in ("generalized_normal", "student_t", "piecewise"), name
