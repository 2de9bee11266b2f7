"""Densities over the time of the straight path x_t = (1 − t) x₀ + t ε, as densities over λ.

λ = −2 logit t, so p(λ) = ½ t(1 − t) f(t) for a density f over t. Everything takes t and rest = 1 − t, because near
either end one of the two is too small to be had from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array
from schedules.densities.tabulated import Solved, logit

Part = Callable[[Array, Array], Array]
_REACH = 1400.0  # |λ| at which t or 1 − t underflows
_MASS = np.exp(-40.0)


def from_flow_time(pdf: Part, below: Part, above: Part, *, nodes: Sequence[float] = ()) -> Solved:
    """Density over λ of a density over the flow time t.

    pdf, below, above: (t, 1 − t) → f(t), P(T ≤ t), P(T > t), normalised
    nodes:             t inside (0, 1) at which f jumps or has a kink
    """

    def at(part: Part) -> Callable[[Array], Array]:
        return lambda logsnr: part(expit(-0.5 * logsnr), expit(0.5 * logsnr))

    def density(logsnr: Array) -> Array:
        t, rest = expit(-0.5 * logsnr), expit(0.5 * logsnr)
        return 0.5 * t * rest * pdf(t, rest)

    # Low λ is late t: the mass below λ is the mass above t.
    cdf, sf = at(above), at(below)
    return Solved(density, cdf, sf, -_reach(lambda x: cdf(-x)), _reach(sf), nodes=list(-2.0 * logit(np.asarray(nodes))))


def _reach(tail: Callable[[Array], Array]) -> float:
    """|λ| beyond which the tail holds less than e^{−40} of the mass, by bisection."""
    low, high = 0.0, _REACH
    if float(tail(np.asarray(high))) > _MASS:
        return high
    while high - low > 1e-9 * max(1.0, high):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(tail(np.asarray(middle))) > _MASS else (low, middle)
    return high
