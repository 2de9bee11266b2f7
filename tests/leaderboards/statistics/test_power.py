"""Power of the paired t-test against published sample sizes and simulation."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import stats

from leaderboards.statistics.power import detectable, power, seeds_needed


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_sample_sizes_are_those_of_gpower(effect: float, pairs: int):
    """G*Power 3.1, matched pairs, two tails, α = 0.05, power 0.8."""
    assert seeds_needed(effect, 0.05) == pairs


def test_power_is_alpha_where_there_is_no_difference():
    assert power(0.0, 5, 0.05) == pytest.approx(0.05)
    assert power(inf, 5, 0.05) == 1


@pytest.mark.parametrize(("effect", "seeds", "alpha"), [(1.5, 5, 0.05), (4.0, 3, 0.01), (3.0, 8, 0.05 / 3570)])
def test_power_is_the_share_of_simulated_tests(effect: float, seeds: int, alpha: float):
    p_values = stats.ttest_1samp(effect + np.random.default_rng(0).standard_normal((40_000, seeds)), 0, axis=1).pvalue
    assert np.mean(p_values < alpha) == pytest.approx(power(effect, seeds, alpha), abs=0.01)


@pytest.mark.parametrize("seeds", [2, 3, 5, 20])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 84, 0.05 / 3570])
def test_detectable_has_the_power_it_promises(seeds: int, alpha: float):
    effect = detectable(seeds, alpha)
    assert power(effect, seeds, alpha) == pytest.approx(0.8, abs=1e-4)
    assert seeds_needed(effect * 1.001, alpha) == seeds


def test_what_cannot_be_found():
    assert detectable(1, 0.05) == inf
    assert seeds_needed(0.0, 0.05) is None
    assert seeds_needed(0.01, 0.05) is None
    assert seeds_needed(inf, 0.05) == 2
