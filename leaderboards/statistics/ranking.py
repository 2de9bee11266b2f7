"""Ranks that say only what the data can: intervals, and a place in the table.

The rule, in order:

1. Each pair of entries is judged by `leaderboards.statistics.verdicts`, in one family of tests. A beats B where they
   are told apart and A's mean is better.
2. Beating is carried along chains: C beats A and A beats B puts C above B. True links make true chains, so the error
   rate stays.
3. An entry's rank lies between 1 + the number of entries above it and the number of all − those below it. With 95 %
   that holds for all entries at once: a rank interval is only wrong where some pair is (Mogstad, Romano, Shaikh,
   Wilhelm 2024, doi:10.1093/restud/rdad006).
4. Down the table, in the order of means, rank = the largest of: 1 + the number of entries above it; the rank of the
   entry before it; 1 + the rank of every entry above it. So who beats an entry always ranks above it, and a noisy entry
   that nothing can be told from never ranks above one with a better mean. It lies in the interval.
5. An entry with a diverged run is behind every entry without one; all such entries share the last rank.
6. An entry without three seeds in common with any other has no rank, unless it diverged; where no entry has, nobody
   has. Alone in a table, two seeds give it the first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboards.statistics.noise import FEWEST_SEEDS
from leaderboards.statistics.student_t import Array
from leaderboards.statistics.verdicts import Verdicts


class Standing(NamedTuple):
    """Where an entry stands: its rank, and the interval that its true rank lies in."""

    rank: int
    low: int
    high: int


def standings(verdicts: Verdicts, costs: ArrayLike, diverged: ArrayLike) -> list[Standing | None]:
    """The standing of each entry, None where it has none, by the rule above.

    costs:    (entries, seeds) on the comparison scale, lower is better, NaN = missing; rows of diverged entries are
              not looked at
    diverged: (entries,) bool
    """
    costs, diverged = np.asarray(costs, dtype=np.float64), np.asarray(diverged, dtype=bool)
    finished = np.flatnonzero(~diverged)
    comparable = _comparable(costs[finished])
    if not comparable.any():
        return [None] * len(costs)
    above = _above(verdicts.better[np.ix_(finished, finished)])
    order = _down_the_table(above, costs[finished])
    result: list[Standing | None] = [None] * len(costs)
    placed, last = np.zeros(len(finished), dtype=int), 0
    ahead, count, behind = _last_above(above, order), above.sum(axis=0), above.sum(axis=1)
    lost = len(costs) - len(finished)
    for index in order:
        if comparable[index]:
            # Ranks never fall down the table, so of those above an entry the last one has the largest.
            before = placed[ahead[index]] if count[index] else 0
            placed[index] = last = max(1 + int(count[index]), last, 1 + int(before))
            high = len(costs) - lost - int(behind[index])
            result[finished[index]] = Standing(last, 1 + int(count[index]), high)
    for entry in np.flatnonzero(diverged):
        result[entry] = Standing(1 + len(finished), 1 + len(finished), len(costs))
    return result


def _above(won: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who is above whom: a chain of wins leads there and none leads back.

    Chains lead back only where entries share different seeds with each other; such entries are not told apart.
    """
    reach = np.packbits(won, axis=1)
    for middle in range(len(won)):
        leads = (reach[:, middle // 8] >> (7 - middle % 8)) & 1
        reach[leads.astype(bool)] |= reach[middle]
    reachable = np.unpackbits(reach, axis=1, count=len(won)).astype(bool)
    return reachable & ~reachable.T


def _last_above(above: NDArray[np.bool_], order: list[int]) -> NDArray[np.int64]:
    """(entries,): of those above an entry, the one furthest down the table."""
    falling = above[order[::-1]]
    return np.asarray(order[::-1], dtype=np.int64)[falling.argmax(axis=0)]


def _down_the_table(above: NDArray[np.bool_], costs: Array) -> list[int]:
    """Entries by mean, best first, but never before one that is above them (seeds may be missing)."""
    finite = np.isfinite(costs)
    means = np.where(finite, costs, 0.0).sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
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
    """(entries,): at least three seeds in common with some other entry; a lone entry needs two seeds of its own."""
    present = np.isfinite(costs).astype(np.float64)
    if len(costs) == 1:
        return np.asarray(present.sum(axis=1) >= 2)
    shared = present @ present.T
    np.fill_diagonal(shared, 0)
    return np.asarray(shared.max(axis=1, initial=0) >= FEWEST_SEEDS)
