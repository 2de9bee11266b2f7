"""Intervals and tests against SciPy, closed forms, hand-computed cases, and a simulation of what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leaderboards.statistics.student_t import holm, pairing_gain, pool_seeds, student

A = np.array([2.26, 2.31, 2.19, 2.40, 2.28])
B = np.array([0.69, 0.81, 0.62, 0.88, 0.70])


def test_interval_is_scipys_t_interval():
    low, high = stats.t.interval(0.95, len(A) - 1, loc=A.mean(), scale=stats.sem(A))
    estimate = student(A)
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((A.mean(), low, high), rel=1e-12)
    assert (estimate.sd, estimate.n) == (pytest.approx(A.std(ddof=1)), 5)


def test_interval_by_hand():
    """1, 2, 3: mean 2, s = 1, t₀.₉₇₅(2) = 4.30265, half width 4.30265 / √3."""
    estimate = student([1.0, 2.0, 3.0])
    assert (estimate.low, estimate.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)


def test_missing_seeds_are_left_out_row_by_row():
    estimate = student([[1.0, np.nan, 3.0, 2.0], [5.0, np.nan, np.nan, np.nan], [np.nan] * 4])
    assert estimate.n.tolist() == [3, 1, 0]
    assert estimate.low[0] == pytest.approx(student([1.0, 2.0, 3.0]).low)
    assert estimate.mean[:2].tolist() == [2.0, 5.0]
    assert np.isnan(estimate.mean[2])


def test_one_seed_has_a_mean_and_no_interval():
    """Protocol 6: one seed has no interval."""
    estimate = student([0.7])
    assert estimate.mean == 0.7
    assert np.isnan([estimate.low, estimate.high, estimate.sd]).all()


def test_holm_by_hand():
    """0.01·4, max(0.04, 0.02·3), max(0.06, 0.03·2), max(0.06, 0.04·1)."""
    np.testing.assert_allclose(holm([0.03, 0.01, 0.04, 0.02]), [0.06, 0.04, 0.06, 0.06])


def test_holm_leaves_out_what_was_not_tested():
    corrected = holm([[np.nan, 0.01], [0.04, np.nan]])
    np.testing.assert_allclose(corrected, [[np.nan, 0.02], [0.04, np.nan]])


def test_holm_stays_below_one_and_accepts_nothing():
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


def test_pairing_gain_by_hand():
    """Shared luck cancels: a and b rise together, so their difference is constant."""
    gain = pairing_gain([1.0, 2.0, 3.0, 9.0], [2.0, 3.0, 4.0, np.nan])
    assert (gain.paired, gain.unpaired) == (0.0, pytest.approx(np.sqrt(2)))


def test_pooling_averages_within_each_seed_first():
    """Protocol 6: cells share their seeds, so the t interval goes over seeds, not over cells × seeds."""
    cells = np.array([[1.0, 2.0, 3.0], [1.2, 2.4, 3.3]])
    pooled = student(pool_seeds(cells))
    assert pooled.n == 3
    low, high = stats.t.interval(0.95, 2, loc=cells.mean(), scale=stats.sem(cells.mean(axis=0)))
    assert (pooled.low, pooled.high) == pytest.approx((low, high))


def test_a_seed_missing_in_one_cell_is_missing_in_the_pool():
    pooled = pool_seeds([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])
    np.testing.assert_array_equal(pooled, [1.0, np.nan, 3.0])


@pytest.mark.parametrize("seeds", [3, 5, 8, 20])
def test_interval_covers_what_it_says(seeds: int):
    """Protocol 6: however few pairs, the t interval covers 95 %; a normal quantile would cover 81–91 % of 3 to 8."""
    scores = np.random.default_rng(seeds).standard_normal((20_000, seeds))
    estimate = student(scores)
    covered = np.mean((estimate.low <= 0) & (estimate.high >= 0))
    assert covered == pytest.approx(0.95, abs=0.006)  # four standard errors of 20,000 repeats


@pytest.mark.parametrize("seeds", [3, 5, 8, 20])
def test_pooled_interval_covers_what_it_says(seeds: int):
    """Three cells that share their seeds' luck: pooling over seeds keeps 95 %, taking all as independent does not."""
    rng = np.random.default_rng(seeds)
    luck, own = rng.standard_normal((20_000, 1, seeds)), 0.3 * rng.standard_normal((20_000, 3, seeds))
    estimate = student(pool_seeds(luck + own))
    naive = student((luck + own).reshape(20_000, -1))
    assert np.mean((estimate.low <= 0) & (estimate.high >= 0)) == pytest.approx(0.95, abs=0.006)
    assert np.mean((naive.low <= 0) & (naive.high >= 0)) < 0.85
