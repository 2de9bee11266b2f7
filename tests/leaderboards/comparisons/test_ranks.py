"""Average ranks against the example and the table of Demšar 2006."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.ranks import critical_difference, groups, iman_davenport, nemenyi, ranks_by_seed
from leaderboards.data.selection import select


@pytest.fixture
def of(metric):
    def make(frame, **kind):
        chosen = select(frame, "digits-v1", ["fd"], baseline=BASELINE)
        return critical_difference(panel(chosen, track="digits-v1", metric=metric(**kind), guidance=1.0))

    return make


def test_critical_values_are_those_of_demsar():
    """Table 5(a) there, which cuts digits off: q₀.₀₅ of the Nemenyi test for 2 to 10 classifiers."""
    published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, q in enumerate(published, start=2):
        assert nemenyi(k, 7) / np.sqrt(k * (k + 1) / (6 * 7)) == pytest.approx(q, abs=1e-3)


def test_demsars_example():
    """Section 3.2.2: ranks 3.143, 2.000, 2.893, 1.964 over 14 data sets: F_F = 3.69, and CD₀.₁₀ = 1.12."""
    ranks = np.tile([[3.143], [2.000], [2.893], [1.964]], 14)
    assert iman_davenport(ranks) == pytest.approx(stats.f.sf(3.69, 3, 39), rel=0.01)
    assert nemenyi(4, 14, alpha=0.10) == pytest.approx(1.12, abs=0.005)


def test_friedman_is_scipys():
    """Without ties F follows from SciPy's χ² of the same ranks."""
    scores = np.random.default_rng(0).normal(size=(4, 6))
    chi2 = stats.friedmanchisquare(*scores).statistic
    f = 5 * chi2 / (6 * 3 - chi2)
    assert iman_davenport(stats.rankdata(scores, axis=0)) == pytest.approx(stats.f.sf(f, 3, 15))


def test_one_order_in_every_seed_has_no_p():
    assert isnan(iman_davenport([[1, 1, 1], [2, 2, 2]]))


def test_groups_are_the_longest_within_reach():
    ranks = np.array([1.0, 1.5, 2.5, 4.0, 4.2])
    assert groups(ranks, 1.0) == [(0, 1), (1, 2), (3, 4)]
    assert groups(ranks, 1.6) == [(0, 2), (2, 3), (3, 4)]
    assert groups(ranks, 3.2) == [(0, 4)]
    assert groups(ranks, 0.1) == []


def test_ranks_are_averaged_over_cells_within_each_seed():
    """Two cells, three entries, two seeds; ties share their mean rank, a diverged run is last."""
    costs = [[[1.0, 2.0], [2.0, 2.0], [3.0, np.inf]], [[5.0, 1.0], [4.0, 2.0], [3.0, 3.0]]]
    assert ranks_by_seed(costs).tolist() == [[2.0, 1.25], [2.0, 1.75], [2.0, 3.0]]


def test_blocks_are_seeds_however_many_cells(paper, of):
    diagram = of(paper)
    assert diagram.labels == ("laplace", "cosine_scaled:s=2", "cosine", "edm")
    assert diagram.ranks.tolist() == [1, 2, 3, 4]
    assert (diagram.seeds, diagram.cells) == (3, ("eps", "v", "x0"))
    assert diagram.cd == pytest.approx(nemenyi(4, 3))
    assert diagram.cliques == (("laplace", "cosine_scaled:s=2", "cosine"), ("cosine_scaled:s=2", "cosine", "edm"))


def test_higher_is_better_turns_the_ranks(paper, of):
    assert of(paper, better="higher", compare="difference").labels[0] == "edm"


def test_one_seed_has_no_diagram(table, of):
    assert of(table.runs_of("cosine", [1.0]).runs_of("x", [2.0]).tables) is None
