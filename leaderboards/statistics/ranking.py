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

from leaderboards.statistics.pairs import pairs, rejected_by_holm, two_sided
from leaderboards.statistics.student_t import Array, holm

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
    above = _above(beats(costs[finished]), holes=_has_holes(costs[finished]))
    comparable = _comparable(costs[finished])
    order = _down_the_table(above, costs[finished])
    result: list[int | None] = [None] * len(costs)
    placed, last = np.zeros(len(finished), dtype=int), 0
    ahead, count = _last_above(above, order), above.sum(axis=0)
    for index in order:
        if comparable[index]:
            # Ranks never fall down the table, so of those above an entry the last one has the largest.
            behind = placed[ahead[index]] if count[index] else 0
            placed[index] = last = max(1 + int(count[index]), last, 1 + int(behind))
            result[finished[index]] = last
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
    found = pairs(costs)
    first, second = np.triu_indices(len(costs), k=1)
    raw = two_sided(found.t[first, second], np.maximum(found.n[first, second] - 1, 1))
    p, p_holm = (np.full((len(costs), len(costs)), np.nan) for _ in range(2))
    for matrix, values in ((p, raw), (p_holm, holm(raw))):
        matrix[first, second] = matrix[second, first] = values
    effect = found.mean
    np.fill_diagonal(effect, np.nan)
    return PairTests(p, p_holm, effect)


def beats(costs: ArrayLike) -> NDArray[np.bool_]:
    """(entries, entries): entry i beats entry j by its own paired test, Holm-corrected over all pairs.

    costs: (entries, seeds), lower is better, NaN = missing.
    """
    costs = np.asarray(costs, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(costs).all(axis=1))
    won = np.zeros((len(costs), len(costs)), dtype=bool)
    won[np.ix_(known, known)] = _beats(costs[known])
    return won


def _beats(costs: Array) -> NDArray[np.bool_]:
    if not np.isfinite(costs).all():
        tests = pair_tests(costs)
        return np.asarray((tests.p_holm < SIGNIFICANCE) & (tests.effect < 0))
    found = pairs(costs)
    family = found.t[np.triu(np.ones(found.t.shape, dtype=bool), k=1)]
    if costs.shape[1] < 2 or not len(family):
        return np.zeros(found.t.shape, dtype=bool)
    least = rejected_by_holm(family, costs.shape[1] - 1, SIGNIFICANCE)
    return np.asarray((found.t >= least) & (found.mean < 0))


def _has_holes(costs: Array) -> bool:
    """Some entry has one seed and lacks another."""
    known = np.isfinite(costs)
    return bool((known.any(axis=1) & ~known.all(axis=1)).any())


def _above(won: NDArray[np.bool_], holes: bool) -> NDArray[np.bool_]:
    """Who is above whom: a chain of wins leads there and none leads back.

    Chains lead back only where entries share different seeds with each other; such entries are not told apart. Without
    holes chains add nothing (clause 2).
    """
    if not holes:
        return won
    reach = np.packbits(won, axis=1)
    for middle in range(len(won)):
        leads = (reach[:, middle // 8] >> (7 - middle % 8)) & 1
        reach[leads.astype(bool)] |= reach[middle]
    found = np.unpackbits(reach, axis=1, count=len(won)).astype(bool)
    return found & ~found.T


def _last_above(above: NDArray[np.bool_], order: list[int]) -> NDArray[np.int64]:
    """(entries,): of those above an entry, the one furthest down the table."""
    falling = above[order[::-1]]
    return np.asarray(order[::-1], dtype=np.int64)[falling.argmax(axis=0)]


def _down_the_table(above: NDArray[np.bool_], costs: Array) -> list[int]:
    """Entries by mean, best first, but never before one that is above them (seeds may be missing)."""
    known = np.isfinite(costs)
    means = np.where(known, costs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    by_mean = np.argsort(means, kind="stable")
    if not np.tril(above[np.ix_(by_mean, by_mean)]).any():
        return by_mean.tolist()
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
    present = np.isfinite(costs).astype(np.float64)
    shared = present @ present.T
    if len(costs) > 1:
        np.fill_diagonal(shared, 0)
    return shared.max(axis=1, initial=0) >= 2
