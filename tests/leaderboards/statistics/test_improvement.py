"""Probability of improvement against SciPy's Mann–Whitney U, hand-counted pairs, and the interval's own equation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import board
from leaderboards.statistics.improvement import interval, probability


def test_it_is_rliables_definition():
    """rliable: U / (m n) of the Mann–Whitney test of one set of runs against another."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5)), rng.normal(0.5, size=7)
    u = [stats.mannwhitneyu(y, row).statistic / 35 for row in x]
    assert probability(x, y) == pytest.approx(u)


def test_ties_count_half_and_divergence_is_worst():
    """1 against 1, 2, ∞: a tie and two wins; ∞ against them: two losses and a tie."""
    assert probability([[1.0, np.nan], [np.inf, np.nan]], [1.0, 2.0, np.inf]) == pytest.approx([2.5 / 3, 0.5 / 3])
    assert np.isnan(probability([np.nan], [1.0]))


def test_the_bounds_solve_newcombes_equation():
    """|θ − θ̂| = t √V(θ) at both ends, with V of Newcombe 2006, method 5."""
    n, m, estimate = 5, 4, 0.65
    for bound in interval(estimate, n, m):
        spread = 1 + ((n + m) / 2 - 1) * ((1 - bound) / (2 - bound) + bound / (1 + bound))
        variance = bound * (1 - bound) / (n * m) * spread
        assert abs(bound - estimate) == pytest.approx(stats.t.ppf(0.975, n + m - 2) * np.sqrt(variance))


def test_a_clean_sweep_has_an_interval_with_width():
    low, high = interval(1.0, 3, 3)
    assert 0.2 < low < 0.5
    assert high == 1
    assert np.isnan(interval(1.0, 1, 3)[0])


def test_the_board_shows_it_for_each_entry(table, metric):
    table.runs_of("cosine", [2.0, 3.0, 4.0]).runs_of("x", [1.0, 2.5, None])
    rows = {row.entry: row for row in board(table.tables, track="digits-v1", metric=metric()).rows}
    assert rows["x"].improvement == pytest.approx((3 + 2 + 0) / 9)
    assert rows["x"].improvement_low < rows["x"].improvement < rows["x"].improvement_high
    assert np.isnan(rows["cosine"].improvement)


def test_over_cells_it_is_the_mean_of_the_cells(table, metric):
    """rliable averages P over tasks. In v x wins 4 of 4 pairs, in eps 1 of 4."""
    table.runs_of("cosine", [2.0, 3.0], "v").runs_of("x", [1.0, 1.5], "v")
    table.runs_of("cosine", [2.0, 3.0], "eps").runs_of("x", [2.5, 3.5], "eps")
    ranking = board(table.tables, track="digits-v1", metric=metric())
    overall = next(row for row in ranking.overall.rows if row.entry == "x")
    assert overall.improvement == pytest.approx((1 + 0.25) / 2)


def test_median_of_seeds_with_divergence_as_worst(table, metric):
    table.runs_of("cosine", [2.0, 9.0, 4.0]).runs_of("x", [1.0, None, 2.0]).runs_of("even", [1.0, 2.0, 4.0, 10.0])
    rows = {row.entry: row for row in board(table.tables, track="digits-v1", metric=metric()).rows}
    assert [rows[name].median for name in ("cosine", "x", "even")] == [4.0, 2.0, 3.0]
    higher = board(table.tables, track="digits-v1", metric=metric(better="higher", compare="difference"))
    assert next(row for row in higher.rows if row.entry == "x").median == 1.0
