"""The ways that a large board is worked out in little time, against the plain ones that define what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboards.boards.query import board_of
from leaderboards.statistics.pairs import rejected_by_holm
from leaderboards.statistics.ranking import SIGNIFICANCE, beats, pair_tests, ranks
from leaderboards.statistics.student_t import holm

SHARES = st.sampled_from([0.0, 0.1, 0.4])


def costs_of(seed: int, entries: int, seeds: int, missing: float) -> np.ndarray:
    """Entries at all distances, one of them twice, one without a score."""
    rng = np.random.default_rng(seed)
    costs = rng.normal(scale=2, size=(entries, 1)) + rng.gamma(0.4, size=(entries, 1)) * rng.normal(
        size=(entries, seeds)
    )
    costs[1] = costs[0]
    costs[2] = np.nan
    return np.where(rng.random(costs.shape) < missing, np.nan, costs)


def plain_tests(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p of each pair by SciPy, and the mean difference."""
    p, effect = (np.full((len(costs), len(costs)), np.nan) for _ in range(2))
    for i, j in zip(*np.triu_indices(len(costs), k=1), strict=True):
        both = np.isfinite(costs[i]) & np.isfinite(costs[j])
        if both.any():
            effect[i, j] = np.mean(costs[i, both] - costs[j, both])
            effect[j, i] = -effect[i, j]
        if both.sum() >= 2:
            same = np.array_equal(costs[i, both], costs[j, both])
            p[i, j] = p[j, i] = 1.0 if same else stats.ttest_rel(costs[i, both], costs[j, both]).pvalue
    return p, effect


def plain_beats(costs: np.ndarray) -> np.ndarray:
    p, effect = plain_tests(costs)
    upper = np.triu_indices(len(costs), k=1)
    corrected = np.full_like(p, np.nan)
    corrected[upper] = corrected.T[upper] = holm(p[upper])
    return (corrected < SIGNIFICANCE) & (effect < 0)


def plain_ranks(costs: np.ndarray) -> list[int | None]:
    """Clauses 2, 3 and 5 of the rule, entry by entry."""
    count = len(costs)
    reach = plain_beats(costs)
    for middle in range(count):
        reach = reach | (reach[:, [middle]] & reach[[middle]])
    above = reach & ~reach.T
    known = np.isfinite(costs)
    if not (known.sum(axis=1) >= 2).any():
        return [None] * count
    means = [costs[i, known[i]].mean() if known[i].any() else 0.0 for i in range(count)]
    left, place, largest = set(range(count)), [None] * count, 0
    while left:
        free = [i for i in left if not any(above[j, i] for j in left)]
        entry = min(free, key=lambda i: (means[i], i))
        left.remove(entry)
        if max((known[entry] & known[j]).sum() for j in range(count) if j != entry) >= 2:
            better = np.flatnonzero(above[:, entry])
            largest = max(1 + len(better), largest, *(1 + place[j] for j in better))
            place[entry] = largest
    return place


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 20), st.integers(1, 9), SHARES)
@example(seed=0, entries=20, seeds=5, missing=0.0)
@example(seed=0, entries=20, seeds=5, missing=0.1)
def test_pairs_are_tested_as_scipy_tests_each_of_them(seed: int, entries: int, seeds: int, missing: float):
    costs = costs_of(seed, entries, seeds, missing)
    p, effect = plain_tests(costs)
    found = pair_tests(costs)
    np.testing.assert_allclose(found.p, p, rtol=1e-8)
    np.testing.assert_allclose(found.effect, effect, rtol=1e-9, atol=1e-12)
    assert np.array_equal(beats(costs), plain_beats(costs))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 20), st.integers(1, 6), SHARES)
@example(seed=1, entries=30, seeds=5, missing=0.1)
def test_ranks_are_those_of_the_rule_entry_by_entry(seed: int, entries: int, seeds: int, missing: float):
    costs = costs_of(seed, entries, seeds, missing)
    assert ranks(costs, np.zeros(entries, dtype=bool)) == plain_ranks(costs)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3000), st.integers(1, 9), st.floats(0.1, 1000))
@example(seed=0, tests=2000, freedom=4, spread=1e4)
@example(seed=0, tests=1, freedom=1, spread=0.1)
def test_few_p_values_find_what_holm_rejects(seed: int, tests: int, freedom: int, spread: float):
    t = np.abs(np.random.default_rng(seed).normal(scale=spread, size=tests))
    t[: tests // 3] = t[0]
    rejected = holm(2 * stats.t.sf(t, freedom)) < SIGNIFICANCE
    assert np.array_equal(t >= rejected_by_holm(t, freedom, SIGNIFICANCE), rejected)


def test_holm_rejects_all_the_way_along_its_own_bound():
    """Every p lies just below its bound, so no block is settled by its last p, until one in the last block fails."""
    tests, freedom = 2000, 4
    bounds = SIGNIFICANCE / np.arange(tests, 0, -1)
    p = bounds * (1 - 1e-6)
    p[1900] = bounds[1900] * (1 + 1e-6)
    t = stats.t.isf(p / 2, freedom)
    assert (t >= rejected_by_holm(t, freedom, SIGNIFICANCE)).sum() == 1900


def test_a_board_does_not_depend_on_how_text_is_stored(paper: pd.DataFrame):
    """Categories, in whatever order and with some that no row has, give the board that plain text gives."""
    stored = paper.assign(
        **{
            name: pd.Categorical(paper[name], categories=["unused", *sorted(paper[name].unique())[::-1]])
            for name in ("run_id", "run_key", "entry", "target", "metric", "split", "outcome", "protocol", "track")
        }
    )
    assert repr(board_of(stored, "digits-v1")) == repr(board_of(paper, "digits-v1"))
