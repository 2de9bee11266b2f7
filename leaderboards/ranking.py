"""Ranks that say only what the data can: shared by entries that nothing tells apart.

The rule, in order:

1. Each pair of entries is compared by a paired t-test over the seeds that both have; the p-values of all pairs of
   the table are one family under Holm's correction. A beats B where the corrected p < 0.05 and A's mean is better.
2. Beating is carried along chains: C beats A and A beats B puts C above B. Where all have the same seeds this adds
   nothing: a chain's t is at least the smaller t of its links, since sd(x + y) ≤ sd(x) + sd(y), and Holm rejects in the
   order of p. Where seeds are missing it keeps ranks consistent; the error rate stays, as true links make true chains.
3. Down the table, in the order of means, rank = the largest of: 1 + the number of entries above it; the rank of the
   entry before it; 1 + the rank of every entry above it. So who beats an entry always ranks above it, and a noisy entry
   that nothing can be told from never ranks above one with a better mean.
4. An entry with a diverged run is behind every entry without one; all such entries share the last rank.
5. An entry with a single seed, or without two seeds in common with any other, has no rank, unless it diverged; where no
   entry finished two seeds, nobody has.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboards.statistics import Array, holm, p_value, student

SIGNIFICANCE = 0.05


def ranks(costs: ArrayLike, diverged: ArrayLike) -> list[int | None]:
    """The rank of each entry, None where it has none, by the rule above.

    costs:    (entries, seeds) on the comparison scale, lower is better, NaN = missing; rows of diverged entries are
              not looked at
    diverged: (entries,) bool
    """
    costs, diverged = np.asarray(costs, dtype=np.float64), np.asarray(diverged, dtype=bool)
    finished = np.flatnonzero(~diverged)
    if not np.any(np.isfinite(costs[finished]).sum(axis=1) >= 2):
        return [None] * len(costs)
    above = _above(beats(costs[finished]))
    comparable = _comparable(costs[finished])
    result: list[int | None] = [None] * len(costs)
    placed = np.zeros(len(finished), dtype=int)
    for index in _down_the_table(above, costs[finished]):
        if comparable[index]:
            ahead = placed[above[:, index]].max(initial=0)
            placed[index] = max(1 + above[:, index].sum(), placed.max(), 1 + ahead)
            result[finished[index]] = int(placed[index])
    for entry in np.flatnonzero(diverged):
        result[entry] = 1 + len(finished)
    return result


class PairTests(NamedTuple):
    """The paired test of each pair of entries; (entries, entries) each.

    p:      not corrected, NaN where a pair shares fewer than two seeds, and on the diagonal; symmetric
    p_holm: corrected over all pairs of the table
    effect: mean difference in cost, row − column, over the seeds that both have
    """

    p: Array
    p_holm: Array
    effect: Array


def pair_tests(costs: ArrayLike) -> PairTests:
    """Every pair of entries by a paired t-test over the seeds that both have.

    costs: (entries, seeds), lower is better, NaN = missing.
    """
    costs = np.asarray(costs, dtype=np.float64)
    first, second = np.triu_indices(len(costs), k=1)
    differences = costs[first] - costs[second]
    raw = p_value(differences)
    p, p_holm, effect = (np.full((len(costs), len(costs)), np.nan) for _ in range(3))
    for matrix, values, sign in ((p, raw, 1), (p_holm, holm(raw), 1), (effect, student(differences).mean, -1)):
        matrix[first, second], matrix[second, first] = values, sign * values
    return PairTests(p, p_holm, effect)


def beats(costs: ArrayLike) -> NDArray[np.bool_]:
    """(entries, entries): entry i beats entry j by its own paired test, Holm-corrected over all pairs.

    costs: (entries, seeds), lower is better, NaN = missing.
    """
    tests = pair_tests(costs)
    return np.asarray((tests.p_holm < SIGNIFICANCE) & (tests.effect < 0))


def _above(won: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who is above whom: a chain of wins leads there and none leads back.

    Chains lead back only where entries share different seeds with each other; such entries are not told apart.
    """
    reach = won.copy()
    for middle in range(len(won)):
        reach |= np.outer(reach[:, middle], reach[middle])
    return reach & ~reach.T


def _down_the_table(above: NDArray[np.bool_], costs: Array) -> list[int]:
    """Entries by mean, best first, but never before one that is above them (seeds may be missing)."""
    known = np.isfinite(costs)
    means = np.where(known, costs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    by_mean = np.argsort(means, kind="stable")
    waiting_for = above.sum(axis=0)
    left, order = np.ones(len(costs), dtype=bool), []
    for _ in range(len(costs)):
        free = left[by_mean] & (waiting_for[by_mean] == 0)
        order.append(int(by_mean[np.argmax(free)]))
        left[order[-1]] = False
        waiting_for = waiting_for - above[order[-1]]
    return order


def _comparable(costs: Array) -> NDArray[np.bool_]:
    """(entries,): at least two seeds in common with some other entry; a lone entry needs two seeds of its own."""
    present = np.isfinite(costs).astype(int)
    shared = present @ present.T
    if len(costs) > 1:
        np.fill_diagonal(shared, 0)
    return shared.max(axis=1, initial=0) >= 2
