"""Whether orders carry over: Kendall's τ by hand, Fisher's interval, and notes on lone wins."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.transfer import OnlyWin, fisher, tau_b, transfer
from leaderboards.data.selection import select


@pytest.fixture
def of(metric):
    """Panels of the targets of a table, as conditions."""

    def make(table):
        whole = panel(select(table.tables, "digits-v1", ["fd"], baseline=BASELINE), track="digits-v1", metric=metric())
        return transfer("target", {cell: whole.cell(cell) for cell in whole.cells})

    return make


def test_tau_counts_pairs_in_the_same_order():
    """1 2 3 4 against 1 2 4 3: five pairs agree, one does not: (5 − 1)/6."""
    assert tau_b([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)


def test_tau_is_scipys_with_ties():
    first, second = np.random.default_rng(0).integers(0, 5, (2, 20, 8))
    expected = [stats.kendalltau(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert tau_b(first, second) == pytest.approx(expected)
    assert isnan(tau_b([1, 1], [1, 2]))


def test_fisher_interval_is_t_of_the_arctanh():
    taus = np.array([0.2, 0.6, 0.8])
    z = np.arctanh(taus)
    bounds = stats.t.interval(0.95, 2, loc=z.mean(), scale=stats.sem(z))
    assert fisher(taus, 10) == pytest.approx((np.tanh(z.mean()), *np.tanh(bounds)))


def test_a_perfect_order_counts_as_half_a_pair_short():
    mean, low, high = fisher([1.0, 0.8, 1.0], 10)
    assert 0.8 < mean < 1
    assert low < mean < high < 1


def test_seeds_that_agree_exactly_have_no_interval():
    assert fisher([1.0, 1.0, 1.0], 6)[0] == 1
    assert np.isnan(fisher([1.0, 1.0, 1.0], 6)[1:]).all()
    assert np.isnan(fisher([0.5], 6)[1:]).all()


def orders(table, target, *by_seed):
    for seed, costs in enumerate(by_seed):
        for entry, cost in zip(("cosine", "a", "b", "c"), costs, strict=True):
            table.run(entry, seed, float(cost), target)


def test_orders_of_two_targets(table, of):
    orders(table, "eps", (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 4, 3))
    orders(table, "v", (1, 2, 3, 4), (1, 2, 4, 3), (4, 3, 2, 1))
    comparison = of(table)
    per_seed = [1, 4 / 6, -4 / 6]
    assert comparison.tau[0, 1] == comparison.tau[1, 0] == pytest.approx(fisher(per_seed, 6)[0])
    assert comparison.low[0, 1] == pytest.approx(fisher(per_seed, 6)[1])
    assert comparison.tau[0, 0] == pytest.approx(fisher([1, 4 / 6, 4 / 6], 6)[0])
    assert isnan(comparison.low[0, 0])
    assert comparison.of_means[0, 0] == pytest.approx(1)
    assert (comparison.conditions, comparison.seeds) == (("eps", "v"), 3)


def test_who_leads_in_one_target_only(table, of):
    orders(table, "eps", (2, 1, 3, 4), (2.2, 1, 3, 4))
    orders(table, "v", (1, 2, 3, 4), (1, 2.2, 3, 4))
    orders(table, "x0", (1, 2, 3, 4), (1, 2, 3.3, 4))
    comparison = of(table)
    assert comparison.leaders == {"eps": "a", "v": "cosine", "x0": "cosine"}
    assert OnlyWin("a", "eps", "leads") in comparison.only
    assert OnlyWin("cosine", "v", "leads") not in comparison.only


def test_who_beats_the_baseline_in_one_target_only(table, of):
    rng = np.random.default_rng(0)

    def costs(*means):
        return np.exp(np.array(means) + 0.01 * rng.normal(size=(5, 4)))

    orders(table, "eps", *costs(0, -0.5, -0.5, 0.4))
    orders(table, "v", *costs(0, 0.5, -0.5, 0.4))
    assert [win for win in of(table).only if win.kind == "beats baseline"] == [OnlyWin("a", "eps", "beats baseline")]


def test_entries_must_be_in_every_condition(table, of):
    orders(table, "eps", (1, 2, 3, 4), (1, 2, 3, 4))
    orders(table, "v", (1, 2, 3, 4), (1, 2, 3, 4))
    table.runs_of("lone", [0.1, 0.1], "v").runs_of("wild", [1.0, None], "v").runs_of("wild", [1.0, 1.0], "eps")
    comparison = of(table)
    assert comparison.labels == ("a", "b", "c", "cosine")
    assert "lone, wild" in comparison.notes[0]


def test_one_condition_is_no_transfer(table, of):
    assert of(table.runs_of("cosine", [1.0]).runs_of("x", [2.0])) is None


def test_conditions_without_a_common_seed_are_none(table, of):
    table.run("cosine", 0, 1.0, "v").run("x", 0, 2.0, "v").run("cosine", 1, 1.0, "eps").run("x", 1, 2.0, "eps")
    assert of(table) is None
