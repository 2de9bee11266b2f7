"""The density of m + k·λ, k > 0."""

from __future__ import annotations

import numpy as np

from schedules.densities.density import Array, Continuous, Density, log_density, survival, upper_quantile


class Affine(Continuous):
    """λ' = loc + scale·λ with λ ~ base: p'(λ') = p((λ' − loc)/scale)/scale."""

    def __init__(self, base: Density, loc: float = 0.0, scale: float = 1.0) -> None:
        self._base, self._loc, self._scale = base, loc, scale

    def pdf(self, x: Array) -> Array:
        return np.asarray(self._base.pdf(self._back(x))) / self._scale

    def logpdf(self, x: Array) -> Array:
        return log_density(self._base, self._back(x)) - np.log(self._scale)

    def cdf(self, x: Array) -> Array:
        return np.asarray(self._base.cdf(self._back(x)))

    def sf(self, x: Array) -> Array:
        return survival(self._base, self._back(x))

    def ppf(self, q: Array) -> Array:
        return self._loc + self._scale * np.asarray(self._base.ppf(q))

    def isf(self, q: Array) -> Array:
        return self._loc + self._scale * upper_quantile(self._base, q)

    def _back(self, x: Array) -> Array:
        return (np.asarray(x, dtype=np.float64) - self._loc) / self._scale
