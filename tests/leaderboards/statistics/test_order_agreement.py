"""Kendall's τ of short orders, its exact p and its range, against SciPy and against all orders there are."""

from __future__ import annotations

from itertools import permutations
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboards.statistics.order_agreement import concordance, moved_range, permutation_p, tau_b

SMALL = st.integers(2, 6).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n)] * 2))


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_p_is_the_share_of_all_orders_that_agree_as_much(orders):
    """With ties in neither, one or both of the orders."""
    first, second = orders
    agreement = abs(concordance(first, second))
    extreme = [abs(concordance(first, other)) >= agreement for other in permutations(second)]
    assert permutation_p(first, second) == pytest.approx(np.mean(extreme))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 16).flatmap(lambda n: st.permutations(range(n))))
def test_without_ties_tau_and_p_are_those_of_scipy(order):
    truth = stats.kendalltau(range(len(order)), order, method="exact")
    assert float(tau_b(range(len(order)), order)) == pytest.approx(truth.statistic)
    assert permutation_p(range(len(order)), order) == pytest.approx(truth.pvalue)


def test_runs_that_diverged_are_tied_at_the_end():
    assert float(tau_b([1, 2, np.inf, np.inf], [1, 2, 3, 4])) == pytest.approx(
        stats.kendalltau([1, 2, 9, 9], [1, 2, 3, 4]).statistic
    )


def test_there_is_no_p_where_it_cannot_be_exact():
    assert isnan(permutation_p([1, 1, *range(2, 9)], [1, 1, *range(2, 9)]))
    assert isnan(permutation_p([1], [1]))


@settings(max_examples=30, deadline=None)
@given(SMALL, st.sampled_from([0.03, 0.1, 0.4]))
def test_the_range_of_tau_is_that_of_every_order_the_numbers_allow(orders, share):
    ours, theirs = orders[0], np.array(orders[1]) + 1.0
    rows = range(len(ours))
    low, high = theirs * (1 - share), theirs * (1 + share)
    allowed = [
        order for order in permutations(rows) if all(low[a] <= high[b] for i, a in enumerate(order) for b in order[i:])
    ]
    places = [np.argsort(order) for order in allowed]
    taus = [float(tau_b(ours, place)) for place in places]
    if len(set(ours)) == 1:
        assert all(map(isnan, moved_range(ours, theirs, share)))
    else:
        assert moved_range(ours, theirs, share) == pytest.approx((min(taus), max(taus)))
    within = np.random.default_rng(0).uniform(low, high, (20, len(ours)))
    assert all(not tau < min(taus) - 1e-9 and not tau > max(taus) + 1e-9 for tau in tau_b(ours, within))
