"""A schedule whose time is drawn from a density that is constant on intervals: p(λ) = p_base(λ) · d(t(λ)).

What a histogram over time does to a base schedule; the base's own shape stays inside each interval.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile


class Stepped(Continuous):
    """The base with time density d_b on [edge_b, edge_{b+1}].

    base:   density whose time t = 1 − F(λ) is uniform
    edges:  (B + 1,), increasing from 0 to 1
    levels: (B,), positive, up to a factor
    """

    def __init__(self, base: Density, edges: ArrayLike, levels: ArrayLike) -> None:
        self._base = base
        self._edges = np.asarray(edges, dtype=np.float64)
        self.set_levels(levels)

    def set_levels(self, levels: ArrayLike) -> None:
        """Replace the time density."""
        mass = np.asarray(levels, dtype=np.float64) * np.diff(self._edges)
        self._density = np.asarray(levels, dtype=np.float64) / mass.sum()
        self._mass = np.concatenate([[0.0], np.cumsum(mass / mass.sum())])
        self._mass[-1] = 1.0

    def bins(self, x: Array) -> np.ndarray:
        """Interval in which t(λ) lies, 0 … B − 1."""
        place = np.searchsorted(self._edges, survival(self._base, x), side="right") - 1
        return np.clip(place, 0, self._density.size - 1)

    def pdf(self, x: Array) -> Array:
        return np.asarray(self._base.pdf(x)) * self._density[self.bins(x)]

    def cdf(self, x: Array) -> Array:
        rest = np.asarray(self._base.cdf(x), dtype=np.float64)
        late = rest < 1.0 - self._edges[-2]
        return np.where(late, self._density[-1] * rest, 1.0 - self.sf(x))

    def sf(self, x: Array) -> Array:
        return np.interp(survival(self._base, x), self._edges, self._mass)

    def ppf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        late = q < 1.0 - self._mass[-2]
        noisy = np.asarray(self._base.ppf(np.minimum(q / self._density[-1], 1.0 - self._edges[-2])))
        return np.where(late, noisy, upper_quantile(self._base, np.interp(1.0 - q, self._mass, self._edges)))

    def isf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        early = q <= self._mass[-2]
        clean = upper_quantile(self._base, np.interp(q, self._mass, self._edges))
        rest = np.minimum((1.0 - q) / self._density[-1], 1.0 - self._edges[-2])
        return np.where(early, clean, np.asarray(self._base.ppf(rest)))
