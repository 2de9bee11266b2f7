"""The Pareto front by hand, and domination that is shown."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.pareto import dominates, pareto, shown_dominated
from leaderboards.data.selection import select


def test_dominates_by_hand():
    costs = [[1, 1], [1, 2], [2, 1], [2, 2], [1, 1]]
    assert dominates(costs).astype(int).tolist() == [
        [0, 1, 1, 1, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0],
    ]


def test_domination_is_shown_only_where_every_metric_shows_it():
    noise = np.array([0.0, 0.01, -0.01, 0.005])
    other = np.array([0.01, 0.0, -0.005, -0.01])
    good, bad = np.stack([noise, other]), np.stack([1 + other, 1 - noise])
    unsure = np.stack([1 - other, np.array([-0.5, 0.6, -0.4, 0.5])])
    assert shown_dominated(np.stack([good, bad, unsure])).tolist() == [False, True, False]


def test_equal_entries_are_rarely_shown_dominated():
    rng = np.random.default_rng(0)
    assert np.mean([shown_dominated(rng.normal(size=(3, 2, 4))).any() for _ in range(300)]) < 0.05


def test_front_of_two_metrics(table, metric):
    values = {"cosine": ([2.0, 2.2], [0.5, 0.5]), "x": ([1.0, 1.1], [0.4, 0.4]), "y": ([3.0, 3.1], [0.3, 0.3])}
    for name, (fd, recall) in values.items():
        for seed in range(2):
            table.run(name, seed, fd[seed])
            table.also("recall", recall[seed], "test")
    table.run("only_fd", 0, 1.0)
    kinds = {"fd": metric(), "recall": metric(name="recall", better="higher", compare="difference")}
    panels = {
        name: panel(select(table.tables, "digits-v1", [name], baseline=BASELINE), track="digits-v1", metric=kind)
        for name, kind in kinds.items()
    }
    comparison = pareto(panels)
    assert (comparison.labels, comparison.metrics) == (("cosine", "x", "y"), ("fd", "recall"))
    assert comparison.front.tolist() == [True, True, False]
    assert comparison.dominated_by == {"y": ("cosine", "x")}
    assert comparison.means[0] == pytest.approx([2.1, 0.5])
    assert "only_fd" in comparison.notes[-1]


def test_no_metric_no_front():
    assert pareto({}) is None
