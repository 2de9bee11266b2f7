"""The ways that a large board is worked out in little time, against the plain ones that define what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leaderboards.boards.judge import Judge
from leaderboards.boards.query import board_of
from leaderboards.data.tables import Tables
from leaderboards.statistics.pairs import pairs
from leaderboards.statistics.ranking import standings
from leaderboards.statistics.verdicts import Verdicts

SHARES = st.sampled_from([0.0, 0.1, 0.4])


def judged(costs: np.ndarray) -> Verdicts:
    """Of one cell."""
    labels = [f"{place:03}" for place in range(len(costs))]
    return Judge.of({"v": (labels, range(costs.shape[1]), costs)}, None, None).verdicts(["v"])


def plain_ranks(costs: np.ndarray, better: np.ndarray) -> list[tuple[int, int, int] | None]:
    """Clauses 2, 3, 4 and 6 of the rule, entry by entry."""
    count = len(costs)
    reach = better
    for middle in range(count):
        reach = reach | (reach[:, [middle]] & reach[[middle]])
    above = reach & ~reach.T
    finite = np.isfinite(costs)
    means = [costs[i, finite[i]].mean() if finite[i].any() else 0.0 for i in range(count)]
    remaining, place, largest = set(range(count)), [None] * count, 0
    while remaining:
        free = [i for i in remaining if not any(above[j, i] for j in remaining)]
        entry = min(free, key=lambda i: (means[i], i))
        remaining.remove(entry)
        if max((finite[entry] & finite[j]).sum() for j in range(count) if j != entry) >= 3:
            ahead = np.flatnonzero(above[:, entry])
            largest = max(1 + len(ahead), largest, *(1 + place[j][0] for j in ahead))
            place[entry] = (largest, 1 + len(ahead), count - int(above[entry].sum()))
    return place


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 20), st.integers(1, 6), SHARES)
@example(seed=1, entries=30, seeds=5, missing=0.1)
def test_ranks_are_those_of_the_rule_entry_by_entry(costs_of, seed: int, entries: int, seeds: int, missing: float):
    costs = costs_of(seed, entries, seeds, missing)
    verdicts = judged(costs)
    assert standings(verdicts, costs, np.zeros(entries, dtype=bool)) == plain_ranks(costs, verdicts.better)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40), st.integers(1, 6), SHARES)
def test_pairs_are_worked_out_in_parts_as_one_by_one(costs_of, seed: int, entries: int, seeds: int, missing: float):
    """Means, variances and numbers of seeds, a few rows at a time, of one board and of two at once."""
    costs = np.stack([costs_of(seed, entries, seeds, missing), costs_of(seed + 1, entries, seeds, 0.0)])
    differences = pairs(costs)
    for board, i, j in np.ndindex(2, entries, entries):
        both = np.isfinite(costs[board, i]) & np.isfinite(costs[board, j])
        difference = (costs[board, i] - costs[board, j])[both]
        assert differences.n[board, i, j] == len(difference)
        if len(difference):
            assert differences.mean[board, i, j] == pytest.approx(difference.mean(), rel=1e-9, abs=1e-12)
        if len(difference) > 1:
            assert differences.variance[board, i, j] == pytest.approx(difference.var(ddof=1), rel=1e-9, abs=1e-18)
        else:
            assert np.isnan(differences.variance[board, i, j])


def test_a_board_does_not_depend_on_how_text_is_stored(paper: Tables):
    """Categories, in whatever order and with some that no row has, give the board that plain text gives."""
    scores = paper.scores.assign(
        **{
            name: pd.Categorical(column, categories=["unused", *sorted(column.unique())[::-1]])
            for name, column in paper.scores[["metric", "split"]].items()
        }
    )
    stored = replace(paper, scores=scores)
    assert stored.metrics == paper.metrics == {"fd"}
    assert repr(board_of(stored, "digits-v1")) == repr(board_of(paper, "digits-v1"))
