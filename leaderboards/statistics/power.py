"""How many seeds a paired t-test needs, and what it can see with those it has: pure functions, noncentral t.

With n pairs whose differences have mean δ and standard deviation σ, t = d̄ √n / s is noncentral t with n − 1 degrees of
freedom and noncentrality √n δ/σ (Student's t-test; Cohen 1988, Statistical Power Analysis, ch. 2). A variance that is
moderated by ν₀ degrees of freedom known beforehand (`leaderboards.statistics.moderation`) has ν₀ + n − 1 of them.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from math import inf, isfinite, sqrt

from scipy import optimize, stats

POWER = 0.8
"""Share of repetitions in which a true difference should be found; Cohen's convention."""
MOST_SEEDS = 1000
"""Beyond this many seeds the answer is that more seeds do not help."""
NEGLIGIBLE = 5.0


def power(effect: float, seeds: int, alpha: float, known: float = 0.0) -> float:
    """P(|t| > t₁₋α/₂(ν₀ + n − 1)) for a true standardised difference δ/σ: the two-sided paired test's power.

    effect: δ/σ of a paired difference, σ its standard deviation over seeds; 0 gives α, ±∞ gives 1
    seeds:  n ≥ 2
    known:  ν₀
    """
    if not isfinite(effect):
        return 1.0
    freedom, shift = known + seeds - 1, sqrt(seeds) * abs(effect)
    critical = stats.t.isf(alpha / 2, freedom)
    with warnings.catch_warnings():
        # With 2 seeds at a tiny α the series stops early; it is then right to five digits, checked by quadrature.
        warnings.simplefilter("ignore", RuntimeWarning)
        upper = stats.nct.sf(critical, freedom, shift)
        # The wrong tail needs a draw of N(√n δ/σ, 1) below 0: under 3·10⁻⁷ here, where the series gives up.
        lower = stats.nct.cdf(-critical, freedom, shift) if shift < NEGLIGIBLE else 0.0
    return float(upper + lower)


@lru_cache(maxsize=512)
def detectable(seeds: int, alpha: float, wanted: float = POWER, known: float = 0.0) -> float:
    """The smallest standardised difference δ/σ that the paired test finds with the wanted power; ∞ below 2 seeds."""
    if seeds < 2:
        return inf
    scale = stats.t.isf(alpha / 2, known + seeds - 1) / sqrt(seeds)
    return float(optimize.brentq(lambda effect: power(effect, seeds, alpha, known) - wanted, 0, 10 * scale, rtol=1e-6))


def seeds_needed(
    effect: float, alpha: float, wanted: float = POWER, most: int = MOST_SEEDS, known: float = 0.0
) -> int | None:
    """The smallest n ≥ 2 with `detectable(n)` ≤ |effect|; None where even `most` seeds are too few.

    effect: δ/σ of a paired difference
    """
    if not abs(effect) > 0 or power(effect, most, alpha, known) < wanted:
        return None
    few, enough = 1, most
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if power(effect, middle, alpha, known) >= wanted else (middle, enough)
    return enough
