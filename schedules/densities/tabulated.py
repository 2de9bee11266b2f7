"""A density whose cdf is known and whose ppf is not: the quantile function is tabulated in logit q.

Stated error: ≤ 1e-6 in λ for q in [1e-9, 1 − 1e-9]; the table itself is built to 1e-9 (relative beyond |λ| = 1) and
              reaches
to q = e^{−40} on both sides where the support is unbounded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile
from schedules.densities.inverse import Inverse, invert


def logit(q: Array) -> Array:
    """ln(q / (1 − q)); ∓∞ at 0 and 1."""
    q = np.asarray(q, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(q) - np.log1p(-q)


class Solved(Continuous):
    """Density from pdf, cdf and sf, each λ → array of its shape.

    low, high: where the mass lies, all but e^{−40} of it on each side
    nodes:     λ at which the pdf jumps or has a kink, and any at which the table had better start
    """

    def __init__(
        self,
        pdf: Callable[[Array], Array],
        cdf: Callable[[Array], Array],
        sf: Callable[[Array], Array],
        low: float,
        high: float,
        nodes: Sequence[float] = (),
    ) -> None:
        self._pdf, self._cdf, self._sf = pdf, cdf, sf
        self._low, self._high = low, high
        self._nodes = [point for point in nodes if low < point < high]

    def pdf(self, x: Array) -> Array:
        return self._pdf(np.asarray(x, dtype=np.float64))

    def cdf(self, x: Array) -> Array:
        return self._cdf(np.asarray(x, dtype=np.float64))

    def sf(self, x: Array) -> Array:
        return self._sf(np.asarray(x, dtype=np.float64))

    def ppf(self, q: Array) -> Array:
        return self._edges(q, self._quantile(logit(q)), self._low, self._high)

    def isf(self, q: Array) -> Array:
        return self._edges(q, self._quantile(-logit(q)), self._high, self._low)

    def _edges(self, q: Array, inside: Array, at_zero: float, at_one: float) -> Array:
        q = np.asarray(q, dtype=np.float64)
        return np.where(q <= 0, at_zero, np.where(q >= 1, at_one, inside))

    @functools.cached_property
    def _quantile(self) -> Inverse:
        start = np.concatenate([np.linspace(self._low, self._high, 257), self._nodes])
        return invert(self._logit_mass, start)

    def _logit_mass(self, x: Array) -> tuple[Array, Array]:
        """z = ln(cdf/sf) and dz/dλ = p/(cdf·sf), both tails with full digits."""
        below, above = np.asarray(self.cdf(x)), np.asarray(self.sf(x))
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.clip(np.log(below) - np.log(above), -700.0, 700.0)
            return z, np.asarray(self.pdf(x)) / (below * above)


def tabulated(density: Density) -> Solved:
    """The same density with its quantiles from a table, for one whose own ppf is slow."""
    shares = np.append(np.exp(-np.linspace(40.0, 1.0, 79)), 0.5)
    lower, upper = np.asarray(density.ppf(shares)), upper_quantile(density, shares)
    return Solved(
        pdf=lambda x: np.asarray(density.pdf(x)),
        cdf=lambda x: np.asarray(density.cdf(x)),
        sf=lambda x: survival(density, x),
        low=float(lower.min()),
        high=float(upper.max()),
        nodes=[*lower, *upper],
    )
