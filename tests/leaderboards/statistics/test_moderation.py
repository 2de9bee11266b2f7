"""Moderated variances: against closed forms, SciPy, and draws from priors that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from leaderboards.statistics.erratic import chance, own_variances
from leaderboards.statistics.moderation import Prior, fit, moderate, trigamma_inverse
from leaderboards.statistics.pairs import pairs


@given(st.floats(1e-3, 1e4))
def test_trigamma_inverse_is_one(x: float):
    assert special.polygamma(1, trigamma_inverse(special.polygamma(1, x))) == pytest.approx(
        special.polygamma(1, x), rel=1e-8
    )


@pytest.mark.parametrize(("freedom", "scale"), [(2.0, 1.0), (5.0, 0.01), (12.0, 30.0)])
def test_a_known_prior_is_found_again(freedom: float, scale: float):
    """1/σ² ~ χ²(ν₀)/(ν₀ s₀²) and s² ~ σ² χ²(ν)/ν, 40,000 of them with three numbers of seeds."""
    rng = np.random.default_rng(0)
    own = np.repeat([2.0, 4.0, 7.0], 15_000)
    true = freedom * scale / rng.chisquare(freedom, own.shape)
    prior = fit(true * rng.chisquare(own) / own, own, 10**6)
    assert prior.freedom == pytest.approx(freedom, rel=0.05)
    assert prior.variance == pytest.approx(scale, rel=0.05)


def test_few_entries_are_taken_at_their_word_less():
    """The variance of log s² is taken one standard error higher where few entries made the pairs."""
    rng = np.random.default_rng(1)
    variances = 5 / rng.chisquare(5, 400) * rng.chisquare(4, 400) / 4
    few, many = fit(variances, 4, 10), fit(variances, 4, 10_000)
    assert few.freedom < many.freedom
    assert fit(variances, 4, 10, careful=False).freedom == pytest.approx(float(many.freedom), rel=0.05)


def test_a_prior_knows_no_more_than_the_entries_between_them():
    """ν + ν₀ ≤ (E − 1)(n − 1), also where all variances are alike."""
    assert float(fit(np.full(45, 2.0), 4, 10, careful=False).freedom) == (10 - 1) * 4 - 4


def test_names_for_one_thing_do_not_enter():
    """Pairs that are equal or nearly so have a variance of no noise; NaN is no pair."""
    rng = np.random.default_rng(2)
    variances = rng.chisquare(4, 200) / 4
    with_twins = np.r_[variances, np.zeros(5), np.full(5, 1e-7), np.full(5, np.nan)]
    for actual, expected in zip(fit(with_twins, 4, 20), fit(variances, 4, 20), strict=True):
        assert actual == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variances", [[], [np.nan], [1.0], [0.0, 0.0, 0.0]])
def test_nothing_is_known_of_too_few(variances: list[float]):
    assert float(fit(np.array(variances), 4, 5).freedom) == 0


def test_moderated_by_hand():
    """(3·2 + 4·9) / 7 = 6 with 7 degrees of freedom; without a prior the variance itself."""
    assert [float(value) for value in moderate(9.0, 4, Prior(np.array(3.0), np.array(2.0)))] == [6, 7]
    assert [float(value) for value in moderate(9.0, 4, Prior(np.array(0.0), np.array(1.0)))] == [9, 4]


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 8))
def test_own_variances_are_those_of_the_two_way_table(seed: int, entries: int, seeds: int):
    costs = np.random.default_rng(seed).normal(size=(entries, seeds)) * np.arange(1, entries + 1)[:, None]
    residual = costs - costs.mean(axis=1, keepdims=True) - costs.mean(axis=0) + costs.mean()
    expected = np.square(residual).sum(axis=1) / ((seeds - 1) * (1 - 1 / entries))
    np.testing.assert_allclose(own_variances(pairs(costs).variance), expected, rtol=1e-9, atol=1e-12)


def test_an_entry_without_pairs_has_no_variance_and_costs_the_others_nothing():
    costs = np.random.default_rng(3).normal(size=(4, 5))
    alone = np.vstack([costs, [1.0, *[np.nan] * 4]])
    variances = own_variances(pairs(alone).variance)
    np.testing.assert_allclose(variances[:4], own_variances(pairs(costs).variance))
    assert np.isnan(variances[4])


def test_chance_is_f():
    prior = Prior(np.array(9.0), np.array(2.0))
    assert chance(np.array([6.0]), np.array([4.0]), prior) == pytest.approx(stats.f.sf(3.0, 4, 9))
    assert chance(np.array([6.0, np.nan]), np.array([4.0, 0.0]), Prior(np.array(0.0), np.array(1.0))).tolist() == [1, 1]
