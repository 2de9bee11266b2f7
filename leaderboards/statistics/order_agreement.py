"""How sure an agreement of two short orders is: Kendall's τ against chance, and against numbers that may be off.

Both orders are of the same n methods. S = Σ_{i<j} sign(aᵢ − aⱼ) sign(bᵢ − bⱼ), and τ_b = S / √((N − Tₐ)(N − T_b)),
N = n(n − 1)/2 pairs, T the pairs that are tied in an order. Shuffling one order against the other moves S alone.
"""

from __future__ import annotations

import functools
from collections import Counter
from itertools import permutations
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboards.statistics.student_t import Array

MOST_ENUMERATED = 8
"""Rows up to which orders that are both tied are shuffled in every way there is: 40,320 ways."""
MOST_MOVED = 16
"""Rows up to which the orders that moved numbers allow are gone through: 65,536 sets of rows."""


def tau_b(first: ArrayLike, second: ArrayLike) -> Array:
    """Kendall's τ_b of two lists of costs, in [−1, 1]: Σ sᵢⱼ rᵢⱼ / √(Σ sᵢⱼ² Σ rᵢⱼ²), s and r the signs of differences.

    first, second: (…, entries); NaN where one of them has all alike. Infinite costs are tied with each other
    """
    signs = [_signs(first), _signs(second)]
    concordant, *norms = ((a * b).sum(axis=(-2, -1)) for a, b in (signs, [signs[0]] * 2, [signs[1]] * 2))
    with np.errstate(invalid="ignore"):
        return np.asarray(concordant / np.sqrt(norms[0] * norms[1]))


def concordance(first: ArrayLike, second: ArrayLike) -> int:
    """S: pairs in the same order less pairs in opposite orders; a tie counts for neither."""
    return int((_signs(first) * _signs(second)).sum()) // 2


def permutation_p(first: ArrayLike, second: ArrayLike) -> float:
    """Exact two-sided p of τ: the share of all n! ways to pair the orders in which |S| is at least the one seen.

    Where at most one order has ties, S counts the inversions of a multiset, whose generating function is the Gaussian
    multinomial [n]!/Π[gₖ]! of the sizes gₖ of tied groups (Kendall 1938, Biometrika 30, 81–93, without ties). Where
    both have, every permutation is tried, up to eight rows; NaN beyond.

    >>> round(permutation_p([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5]), 4)
    0.0167
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if len(first) < 2:
        return nan
    seen = abs(concordance(first, second))
    groups = [[count for count in Counter(order.tolist()).values() if count > 1] for order in (first, second)]
    if not (groups[0] and groups[1]):
        ways = _inversions(len(first), groups[0] or groups[1])
        most = len(ways) - 1
        extreme = sum(count for inversions, count in enumerate(ways) if abs(most - 2 * inversions) >= seen)
        return extreme / sum(ways)
    if len(first) > MOST_ENUMERATED:
        return nan
    shuffled = second[np.array(list(permutations(range(len(second)))))]
    upper = np.triu_indices(len(first), k=1)
    own = np.sign(first[upper[0]] - first[upper[1]])
    theirs = np.sign(shuffled[:, upper[0]] - shuffled[:, upper[1]])
    return float((np.abs(theirs @ own) >= seen).mean())


def moved_range(ours: ArrayLike, theirs: ArrayLike, share: float) -> tuple[float, float]:
    """Smallest and largest τ when every one of their numbers may be off by a share of itself, in either direction.

    A number b may be anywhere in b(1 ± share), so that an order is possible where nobody stands before one whose whole
    interval is below: all such orders are gone through, set by set of those that stand first (n 2ⁿ steps). Moved
    numbers are not tied.

    ours, theirs: (rows,), theirs positive; NaN for fewer than two rows, or for more than sixteen
    """
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    count = len(ours)
    untied = np.abs(_signs(ours)).sum() / 2
    if not 2 <= count <= MOST_MOVED or not untied:
        return nan, nan
    low, high = theirs * (1 - share), theirs * (1 + share)
    members, growing = _sets(count)
    floor = np.where(members, low, -np.inf).max(axis=1)
    gains = members @ -_signs(ours)
    least, most = np.full(len(members), np.inf), np.full(len(members), -np.inf)
    least[0] = most[0] = 0
    for without in growing:
        for row, before in enumerate(without):
            able = before[floor[before] <= high[row]]
            after = able | (1 << row)
            least[after] = np.minimum(least[after], least[able] + gains[able, row])
            most[after] = np.maximum(most[after], most[able] + gains[able, row])
    scale = sqrt(untied * count * (count - 1) / 2)
    return float(least[-1]) / scale, float(most[-1]) / scale


@functools.lru_cache(maxsize=MOST_MOVED)
def _sets(count: int) -> tuple[NDArray[np.int64], list[list[NDArray[np.int64]]]]:
    """(sets, rows): 1 where a set has a row; and size → row → the sets of that size without it."""
    sets = np.arange(1 << count)
    members = (sets[:, None] >> np.arange(count)) & 1
    sizes = members.sum(axis=1)
    return members, [[sets[(sizes == size) & (members[:, row] == 0)] for row in range(count)] for size in range(count)]


def _signs(costs: ArrayLike) -> Array:
    """(…, entries, entries): sign(aᵢ − aⱼ)."""
    costs = np.asarray(costs, dtype=np.float64)
    rows, columns = costs[..., :, None], costs[..., None, :]
    with np.errstate(invalid="ignore"):
        return np.where(rows == columns, 0.0, np.sign(rows - columns))  # ∞ − ∞ has no sign


def _inversions(count: int, groups: list[int]) -> list[int]:
    """How many orders of a multiset have 0, 1, 2, … inversions."""
    ways = [1]
    for size in range(2, count + 1):
        ways = _times(ways, [1] * size)
    for group in groups:
        for size in range(2, group + 1):
            ways = _divided(ways, size)
    return ways


def _times(first: list[int], second: list[int]) -> list[int]:
    product = [0] * (len(first) + len(second) - 1)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            product[i + j] += a * b
    return product


def _divided(ways: list[int], size: int) -> list[int]:
    """By 1 + q + … + q^(size − 1), which divides it."""
    quotient: list[int] = []
    for place in range(len(ways) - size + 1):
        quotient.append(ways[place] - sum(quotient[max(0, place - size + 1) : place]))
    return quotient
