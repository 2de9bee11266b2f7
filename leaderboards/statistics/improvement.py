"""Probability of improvement: how often a run of one entry beats a run of another.

rliable's definition (Agarwal et al. 2021, arXiv:2108.13264, section 4.3): P(X < Y) = U / (m n), where U counts the
pairs of runs, of any seeds, in which X is better, ties half; over several cells the mean of the cells. Only the order
of scores enters, so a diverged run is simply the worst, and skewed noise does no harm.

The interval is Newcombe's score interval for U / (m n) (2006, Statistics in Medicine 25, 559–573, method 5), with the
quantile of Student's t with m + n − 2 degrees of freedom in place of the normal one: the θ with |θ − θ̂| ≤ t √V(θ),

    V(θ) = θ(1 − θ)/(m n) · [1 + N ((1 − θ)/(2 − θ) + θ/(1 + θ))],  N = (m + n)/2 − 1

It has a width even where one entry wins every pair: [0.34, 1] with three seeds each. With the normal quantile it would
be [0.50, 1] there, and cover 90 % where three runs of equal entries meet. It takes the two entries as independent: runs
that share their seeds' luck vary together, which makes it wide. It is too narrow only for entries of which one is good
with the seeds that are bad for the other: 91 % at a correlation of −0.4 and 20 seeds
(`tests/leaderboards/statistics/test_coverage.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from leaderboards.statistics.student_t import CONFIDENCE, Array

STEPS = 50
"""Bisections: the bounds are exact to 2⁻⁵⁰."""


def probability(costs: ArrayLike, reference: ArrayLike) -> Array:
    """P(cost < reference) over all pairs of runs, ties half; NaN where either has no run.

    costs:     (…, n) lower is better, +∞ diverged, NaN no run
    reference: (…, m) alike; leading axes are broadcast
    """
    costs, reference = (np.asarray(values, dtype=np.float64) for values in (costs, reference))
    costs, reference = costs[..., :, None], reference[..., None, :]
    pairs = ~np.isnan(costs) & ~np.isnan(reference)
    won = np.where(pairs, (costs < reference) + 0.5 * (costs == reference), 0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(won.sum(axis=(-2, -1)) / pairs.sum(axis=(-2, -1)))


def interval(probability: ArrayLike, n: ArrayLike, m: ArrayLike) -> tuple[Array, Array]:
    """Newcombe's 95 % interval for P(X < Y) of n and m runs; NaN where either has fewer than two."""
    estimate, n, m = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (probability, n, m)))
    low = _bound(estimate, np.zeros_like(estimate), n, m)
    high = _bound(estimate, np.ones_like(estimate), n, m)
    defined = np.isfinite(estimate) & (np.minimum(n, m) >= 2)
    return np.where(defined, low, np.nan), np.where(defined, high, np.nan)


def _bound(estimate: Array, outside: Array, n: Array, m: Array) -> Array:
    """The θ between the estimate and 0 or 1 at which |θ − θ̂| = t √V(θ), by bisection."""
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, np.maximum(n + m - 2, 1))
    inside, outside = estimate.copy(), outside.copy()
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (1 - middle) / (2 - middle) + middle / (1 + middle)
            variance = middle * (1 - middle) / (n * m) * (1 + ((n + m) / 2 - 1) * spread)
            near = np.abs(middle - estimate) <= quantile * np.sqrt(variance)
        inside, outside = np.where(near, middle, inside), np.where(near, outside, middle)
    return inside
