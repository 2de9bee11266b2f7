"""Schedules that learn: what they converge to, that they keep the objective, that their state is all of them."""

import numpy as np
import pytest
from scipy import integrate

import schedules
from schedules import UserError

NAMES = [
    "loss_second_moment",
    "adaptive_elbo",
    "infonoise",
    "curriculum_mixture",
    "constant_rate",
    "adaptive_nonuniform",
    "vdm_learned",
    "cascade_adaptive",
]

BASES = {"loss_second_moment": "cosine", "infonoise": "uniform_logsnr", "vdm_learned": "preset/vdm"}


def train(schedule, error, rounds=60, n=4000, seed=0):
    """Draw λ from the schedule, measure a noisy error, tell it."""
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        at = schedule.ppf((np.arange(n) + rng.random(n)) / n)
        schedule.update(at, error(at) * rng.gamma(4.0, 0.25, n))


def bump(at):
    return 0.05 + np.exp(-0.5 * (at - 2.0) ** 2)


@pytest.mark.parametrize("name", NAMES)
def test_starts_as_a_density_and_stays_one(name):
    schedule = schedules.create(name)
    assert schedule.learns
    assert schedules.check(name) == []
    train(schedule, bump, rounds=5)
    schedules.validate(schedules.create(name))
    q = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(schedule.cdf(schedule.ppf(q)), q, atol=1e-9)
    edges = schedule.ppf(np.linspace(0.01, 0.99, 9))
    at = np.linspace(edges[:-1], edges[1:], 20_001)
    np.testing.assert_allclose(integrate.trapezoid(schedule.pdf(at), at, axis=0), 0.98 / 8, rtol=2e-3)


def test_second_moment_reaches_the_density_of_least_variance():
    """p ∝ p_base √E[L²]; with gamma noise E[L²] = 1.25 error², so p ∝ p_base · error."""
    schedule = schedules.parse("loss_second_moment:history=100,bins=50")
    train(schedule, bump)
    base = schedules.create("cosine")
    at = np.linspace(-6, 6, 241)
    expected = base.pdf(at) * bump(at)
    expected /= integrate.quad(lambda x: float(base.pdf(x) * bump(x)), -40, 40, points=[0, 2])[0]
    inner = (at > -3) & (at < 5)
    assert np.median(np.abs(schedule.pdf(at)[inner] / expected[inner] - 1)) < 0.1


@pytest.mark.parametrize("name", ["adaptive_elbo", "infonoise"])
def test_mean_error_is_learned(name):
    schedule = schedules.create(name)
    train(schedule, bump)
    at = np.linspace(-9, 9, 181)
    expected = bump(at) / (0.05 * 20 + np.sqrt(2 * np.pi))
    assert np.median(np.abs(schedule.pdf(at) / expected - 1)) < 0.1


@pytest.mark.parametrize("name", ["loss_second_moment", "infonoise", "vdm_learned"])
def test_importance_keeps_the_objective(name):
    """E_p[importance · f] = E_base[f]."""
    schedule = schedules.create(name)
    base = schedules.parse(BASES[name])
    q = (np.arange(200_000) + 0.5) / 200_000
    before = np.mean(bump(base.ppf(q)))
    train(schedule, bump, rounds=20)
    at = schedule.ppf(q)
    assert abs(np.mean(bump(at)) / before - 1) > 0.2
    assert np.mean(schedule.importance(at) * bump(at)) == pytest.approx(before, rel=1e-3)


def test_uniform_until_every_bin_is_full():
    schedule = schedules.create("loss_second_moment")
    base = schedules.create("cosine")
    schedule.update(base.ppf(np.linspace(0.01, 0.99, 500)), np.linspace(0, 1, 500))
    np.testing.assert_allclose(schedule.ppf([0.1, 0.5, 0.9]), base.ppf([0.1, 0.5, 0.9]), atol=1e-9)


def test_curriculum_arrives():
    schedule = schedules.parse("curriculum_mixture:samples=10000,loc=1,scale=1")
    schedule.update(np.zeros(20_000), np.ones(20_000))
    assert float(schedule.ppf(0.5)) == pytest.approx(1.0, abs=0.02)
    assert float(schedule.ppf(0.9)) == pytest.approx(2.28, abs=0.05)


def gaussian_error(at):
    """ε-error of the best denoiser of N(0, 1): the x₀-error is sigmoid(−λ)."""
    return 1 / (1 + np.exp(-at))


def test_constant_rate_follows_the_x0_error():
    """At ξ = 1, P(λ > x) is the share of the x₀-error gone: for N(0, 1) data that is sigmoid(λ) itself."""
    schedule = schedules.parse("constant_rate:keep=0.01,half_life=10000")
    train(schedule, gaussian_error, rounds=100)
    at = np.linspace(-5, 5, 21)
    np.testing.assert_allclose(schedule.cdf(at), 1 / (1 + np.exp(-at)), atol=0.02)
    assert np.max(np.abs(schedules.create("cosine").cdf(at) - 1 / (1 + np.exp(-at)))) > 0.04


def test_constant_rate_exponent_is_relative_to_alpha():
    schedule = schedules.parse("constant_rate:keep=0.01,xi=0.25,half_life=10000")
    train(schedule, gaussian_error)
    # v = dm/dα = −2α for m = 1 − α², so p(α) ∝ α^{1/4} and P(α ≤ a) = a^{5/4}.
    at = np.linspace(-4, 4, 17)
    np.testing.assert_allclose(schedule.cdf(at), gaussian_error(at) ** 0.625, atol=0.02)


def test_vdm_learned_reaches_the_least_variance():
    """V = E_p[(e/p)²] is least at p ∝ √E[e²], and was far from it at the uniform start."""
    schedule = schedules.parse("vdm_learned")
    at = schedule.ppf((np.arange(20_000) + 0.5) / 20_000)
    least = np.mean(bump(at)) ** 2
    start = np.mean(bump(at) ** 2)
    train(schedule, bump, rounds=200)
    q = (np.arange(20_000) + 0.5) / 20_000
    after = np.mean((bump(schedule.ppf(q)) * schedule.importance(schedule.ppf(q))) ** 2)
    assert start > 3 * least
    assert least * 0.999 < after < 1.1 * least


def test_adaptive_nonuniform_goes_where_the_bound_falls_and_comes_back():
    schedule = schedules.parse("adaptive_nonuniform:base=cosine,rate=0.1")
    rng = np.random.default_rng(0)
    base = schedules.create("cosine")
    for round_ in range(30):
        at = schedule.ppf((np.arange(4000) + rng.random(4000)) / 4000)
        late = base.time(at) > 0.7
        schedule.update(at, np.where(late, 0.9**round_, 1.0))
    edge = base.logsnr(0.7)
    learning = float(schedule.cdf(edge))
    assert learning > 0.4  # 0.3 of uniform time lies there
    for _ in range(200):
        at = schedule.ppf((np.arange(4000) + rng.random(4000)) / 4000)
        schedule.update(at, np.where(base.time(at) > 0.7, 0.9**30, 1.0))
    assert float(schedule.cdf(edge)) == pytest.approx(0.3, abs=0.03)


def test_the_source_of_the_rule_is_in_the_fingerprint(monkeypatch):
    """Of our own rules it is the digest that stands for their module; a plugin's is its text (test_plugins.py)."""
    from schedules.user_code.source_files import PUBLISHED

    before = schedules.create("constant_rate").fingerprint
    monkeypatch.setitem(PUBLISHED, "schedules.builtin.learned_rate", "0" * 64)
    schedules.schedule.SCHEDULES.info("constant_rate").__dict__.pop("source_hash", None)
    try:
        assert schedules.create("constant_rate").fingerprint != before
    finally:
        schedules.schedule.SCHEDULES.info("constant_rate").__dict__.pop("source_hash", None)


@pytest.mark.parametrize("name", NAMES)
def test_state_is_everything(name):
    trained, other = schedules.create(name), schedules.create(name)
    train(trained, bump, rounds=3)
    other.load_state_dict(trained.state_dict())
    train(trained, bump, rounds=2, seed=1)
    train(other, bump, rounds=2, seed=1)
    np.testing.assert_array_equal(trained.ppf([0.1, 0.5, 0.9]), other.ppf([0.1, 0.5, 0.9]))
    assert trained.fingerprint == other.fingerprint == schedules.create(name).fingerprint


def test_a_loss_that_is_not_finite_is_left_out():
    schedule = schedules.create("infonoise")
    schedule.update([0.0, 1.0], [np.nan, np.inf])
    assert np.all(np.isfinite(schedule.ppf([0.1, 0.9])))


def test_static_schedules_do_not_learn():
    cosine = schedules.create("cosine")
    assert not cosine.learns
    assert cosine.state_dict() == {}
    np.testing.assert_array_equal(cosine.importance([0.0, 1.0]), [1, 1])
    with pytest.raises(UserError, match="does not learn"):
        cosine.update([0.0], [1.0])


def test_learning_does_not_mix():
    for spec in ("infonoise|shift:a=2", "mixture(infonoise@1, cosine@1)"):
        with pytest.raises(UserError, match="learns while training"):
            schedules.parse(spec)
