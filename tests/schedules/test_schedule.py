"""A schedule as users meet it: canonical spec, identity, shapes, transforms."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import schedules
from schedules import UserError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("laplace", "laplace:loc=0,scale=0.5"),
        ("laplace", "laplace:scale=5e-1,loc=-0.0"),
        ("laplace:loc=1,scale=2", "laplace:scale=2.0,loc=+1"),
        ("cosine", "cosine|shift:a=1|scale"),
        ("mixture(cosine@1, laplace@4)", "mixture( laplace@0.8,cosine@0.2 )"),
        ("mixture(cosine@1, laplace@2, cosine@1)", "mixture(cosine@0.5, laplace@0.5)"),
        ("mixture(cosine@3)", "cosine"),
        ("mixture(cosine@3)|shift:a=2", "cosine|shift:a=2.0"),
    ],
)
def test_two_ways_of_writing_an_entry_are_one(one, other):
    first, second = schedules.parse(one), schedules.parse(other)
    assert first == second
    assert first.spec == second.spec
    assert hash(first) == hash(second)
    assert first.fingerprint == second.fingerprint


@given(st.floats(-3, 3), st.floats(0.1, 3))
def test_create_and_parse_agree(loc, scale):
    schedule = schedules.create("laplace", loc=loc, scale=scale)
    assert schedules.parse(schedule.spec) == schedule
    assert schedule.params == {"loc": loc, "scale": scale}
    assert schedule.ppf(0.9) == stats.laplace(loc, scale).ppf(0.9)


@given(st.lists(st.floats(0.01, 10), min_size=3, max_size=3))
def test_a_mixtures_canonical_text_is_a_fixed_point(weights):
    text = "mixture(cosine@{}, laplace@{}, edm@{})".format(*weights)
    canonical = schedules.parse(text).spec
    assert schedules.parse(canonical).spec == canonical


def test_pickle_keeps_a_schedule():
    schedule = schedules.parse("mixture(laplace:scale=0.7|shift:a=3@0.8, cosine@0.2)|truncate:low=-9")
    assert pickle.loads(pickle.dumps(schedule)) == schedule


def test_fingerprint_follows_the_density_not_the_name():
    assert schedules.parse("cosine_shifted").fingerprint == schedules.parse("cosine").fingerprint
    assert schedules.parse("cosine_scaled:s=2").fingerprint != schedules.parse("cosine").fingerprint


def test_scalars_and_arrays_of_any_shape():
    schedule = schedules.parse("mixture(laplace@0.5, cosine|shift:a=2@0.5)")
    for shape in ((), (0,), (3,), (2, 3, 4)):
        q = np.full(shape, 0.3)
        for value in (schedule.ppf(q), schedule.logsnr(q), schedule.pdf(q), schedule.cdf(q), schedule.time(q)):
            assert np.shape(value) == shape
            assert np.asarray(value).dtype == np.float64


def test_time_form_is_the_quantile_function_read_backwards():
    schedule = schedules.create("cosine")
    t = np.linspace(0.001, 0.999, 333)
    np.testing.assert_allclose(schedule.logsnr(t), -2 * np.log(np.tan(np.pi * t / 2)), atol=1e-12)
    np.testing.assert_allclose(schedule.time(schedule.logsnr(t)), t, atol=1e-14)


@given(st.floats(0.01, 100), st.floats(1e-6, 1 - 1e-6))
def test_shift_is_the_resolution_shift_of_flow_time(a, t):
    """SD3: t' = a t / (1 + (a − 1) t) on the straight path is λ − 2 ln a."""
    flow = schedules.parse("flow_uniform")
    shifted = schedules.parse(f"flow_uniform|shift:a={a}")
    moved = a * t / (1 + (a - 1) * t)
    assert shifted.logsnr(t) == pytest.approx(2 * (np.log1p(-moved) - np.log(moved)), abs=1e-7)
    assert shifted.pdf(shifted.logsnr(t)) == pytest.approx(flow.pdf(flow.logsnr(t)), rel=1e-9)


def test_scaled_cosine_is_cosine_scaled():
    at = np.linspace(-30, 30, 201)
    one, other = schedules.parse("cosine|scale:by=0.5"), schedules.parse("cosine_scaled:s=2")
    np.testing.assert_allclose(one.pdf(at), other.pdf(at), rtol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(-1.5, 2.0), (-np.inf, 0.3), (5.0, 9.0), (-40.0, -30.0), (20.0, np.inf)])
def test_truncated_normal_in_the_bulk_and_far_in_the_tails(low, high):
    bounds = ",".join(f"{k}={v}" for k, v in (("low", low), ("high", high)) if np.isfinite(v))
    if abs(low) > 15 or low == 5.0:
        base, loc, scale = "cauchy", 0.0, 1.0
        q = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
        start, stop = stats.cauchy.cdf([low, high])
        expected = (
            stats.cauchy.isf(1 - (start + q * (stop - start)))
            if low > 0
            else stats.cauchy.ppf(start + q * (stop - start))
        )
    else:
        base, loc, scale = "edm", 2.4, 2.4
        q = np.concatenate([10.0 ** -np.arange(1, 12.0), 1 - 10.0 ** -np.arange(1, 10.0)])
        expected = stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale).ppf(q)
    schedule = schedules.parse(f"{base}|truncate:{bounds}")
    np.testing.assert_allclose(schedule.ppf(q), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(schedule.cdf(schedule.ppf(q)), q, atol=1e-9)


def test_retime_of_uniform_flow_is_a_beta_in_flow_time():
    """t ~ Beta(a, b) on λ = 2 ln((1−t)/t): e^{λ/2} ~ betaprime(b, a)."""
    schedule = schedules.parse("flow_uniform|retime:a=1.5,b=0.7")
    at = np.linspace(-12, 12, 97)
    odds = stats.betaprime(0.7, 1.5)
    np.testing.assert_allclose(schedule.cdf(at), odds.cdf(np.exp(at / 2)), atol=1e-12)
    np.testing.assert_allclose(schedule.pdf(at), odds.pdf(np.exp(at / 2)) * np.exp(at / 2) / 2, rtol=1e-9)


def test_mixture_quantiles_solve_the_mixed_cdf():
    schedule = schedules.parse("mixture(laplace:scale=0.1@0.9, cauchy:loc=3,scale=3@0.1)")
    q = np.concatenate([10.0 ** -np.arange(1.0, 10), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** -np.arange(1.0, 10)])
    at = schedule.ppf(q)
    mixed = 0.9 * stats.laplace(0, 0.1).cdf(at) + 0.1 * stats.cauchy(3, 3).cdf(at)
    slope = 0.9 * stats.laplace(0, 0.1).pdf(at) + 0.1 * stats.cauchy(3, 3).pdf(at)
    error = np.abs(mixed - q) / slope / np.maximum(1, np.abs(at))
    assert error.max() < 1e-6 + 2e-16 / slope.min()


def test_a_mixture_with_a_gap_stays_a_density():
    schedule = schedules.parse("mixture(laplace|truncate:low=-2,high=-1@0.5, laplace|truncate:low=8,high=9@0.5)")
    schedules.validate(schedule)
    assert -2 <= schedule.ppf(0.4999) <= -1
    assert 8 <= schedule.ppf(0.5001) <= 9


@pytest.mark.parametrize(
    ("weights", "problem"),
    [((1e308, 1e308), "a weight is out of proportion"), ((1, 1e-300), "the weight of 'laplace' is out of proportion")],
)
def test_weights_out_of_proportion_are_refused(weights, problem):
    with pytest.raises(UserError, match=problem):
        schedules.parse("mixture(cosine@{}, laplace@{})".format(*weights))
    assert schedules.parse("mixture(cosine@1, laplace@1e-8)").spec == "mixture(cosine@0.99999999, laplace@1e-08)"


def test_unknown_names_offer_the_nearest():
    with pytest.raises(UserError, match="did you mean laplace"):
        schedules.create("LAPLACE")
    with pytest.raises(UserError, match="did you mean cosine"):
        schedules.create("cosin")
    with pytest.raises(UserError, match="did you mean scale"):
        schedules.create("laplace", scal=1)
    with pytest.raises(UserError, match=r"parse\(\) reads"):
        schedules.create("laplace:scale=1")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", None, True, [1], 1e400, -5])
def test_values_out_of_their_space_are_refused(value):
    with pytest.raises(UserError, match="scale"):
        schedules.create("laplace", scale=value)
