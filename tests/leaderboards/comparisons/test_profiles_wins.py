"""Performance profiles and the win matrix, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.profiles import profiles
from leaderboards.comparisons.views.wins import shares, wins
from leaderboards.data.selection import select


@pytest.fixture
def of(metric):
    def make(frame, **kind):
        chosen = select(frame, "digits-v1", ["fd"], baseline=BASELINE)
        return panel(chosen, track="digits-v1", metric=metric(**kind), guidance=1.0)

    return make


@pytest.fixture
def small(table):
    """Ratios to the best: cosine 1, 2, 1, 1 and x 2, 1, 4, diverged, over two cells of two seeds."""
    table.runs_of("cosine", [1.0, 2.0], "eps").runs_of("x", [2.0, 1.0], "eps")
    table.runs_of("cosine", [1.0, 1.0], "v").runs_of("x", [4.0, None], "v")
    return table.tables


def at(curves, label, tau):
    row = curves.share[curves.labels.index(label)]
    return row[np.flatnonzero(curves.tau <= tau * (1 + 1e-9))[-1]]


def test_profiles_count_problems_within_tau_of_the_best(small, of):
    curves = profiles(of(small), points=3)
    assert curves.tau == pytest.approx([1, 2, 4])
    assert curves.labels == ("cosine", "x")
    assert [at(curves, "cosine", tau) for tau in (1, 2, 4)] == [0.75, 1, 1]
    assert [at(curves, "x", tau) for tau in (1, 2, 4)] == [0.25, 0.5, 0.75]
    assert (curves.pairs, curves.seeds) == (4, 2)
    assert (curves.low >= 0).all()
    assert (curves.high <= 1).all()


def test_profiles_of_differences_start_at_zero(table, of):
    table.runs_of("cosine", [0.5, 0.7]).runs_of("x", [0.6, 0.6])
    curves = profiles(of(table.tables, better="higher", compare="difference"), points=11)
    assert curves.tau == pytest.approx(np.linspace(0, 0.1, 11))
    assert [at(curves, name, tau) for name in ("cosine", "x") for tau in (1e-9, 0.11)] == [0.5, 1, 0.5, 1]


def test_profiles_where_all_diverged_but_one(table, of):
    curves = profiles(of(table.runs_of("cosine", [1.0, 1.0]).runs_of("x", [None, None]).tables))
    assert curves.share[0].tolist() == [1.0] * 200
    assert curves.share[1].tolist() == [0.0] * 200


def test_shares_by_hand():
    """Against b, a wins, ties, wins by b's divergence, ties where both diverged: 3 of 4; a missing run is no pair."""
    costs = np.array([[[1.0, 2.0, 3.0, np.inf, 1.0], [2.0, 2.0, np.inf, np.inf, np.nan]]])
    share, count = shares(costs)
    assert share[0, 1] == pytest.approx(3 / 4)
    assert share[1, 0] == pytest.approx(1 / 4)
    assert count[0, 1] == 4
    assert np.isnan(share[0, 0])


def test_wins_have_the_verdict_of_the_ranks(paper, of):
    part = of(paper)
    matrix = wins(part)
    assert matrix.labels == ("laplace", "cosine_scaled:s=2", "cosine", "edm")
    assert matrix.share[0, 1:].tolist() == [1, 1, 1]
    assert (matrix.verdict == -matrix.verdict.T).all()
    block = part.block()
    order = [block.labels.index(label) for label in matrix.labels]
    assert ((matrix.verdict == 1) == block.verdicts.better[np.ix_(order, order)]).all()
    assert (matrix.verdict[0, 1:] == 1).all()
    assert matrix.count[0, 1] == 9


def test_winning_every_time_is_not_yet_shown(table, of):
    """Two of two seeds, by wildly different margins: all pairs won, and no verdict."""
    matrix = wins(of(table.runs_of("cosine", [1.0, 1.0]).runs_of("x", [0.1, 0.9]).tables))
    assert matrix.labels == ("x", "cosine")
    assert matrix.share[0, 1] == 1
    assert matrix.verdict[0, 1] == 0


def test_a_lone_entry_has_nobody_to_beat(table, of):
    part = of(table.runs_of("cosine", [1.0, 1.0]).tables)
    assert wins(part) is None
    assert profiles(part) is None
