"""Densities over the noise level σ from k-diffusion, for data of unit variance: λ = −2 ln σ.

Its `log-uniform` is `uniform_logsnr`, its `v-diffusion` is `cosine`, its `cosine-interpolated` is
`cosine_interpolated`; a range of σ is the transform `truncate`.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import ndtr, ndtri

from schedules import Density, register
from schedules.densities.density import Array, Continuous
from schedules.spaces import Float


@register("loglogistic", space={"loc": Float(-3, 3), "scale": Float(0.1, 3, log=True)}, paper="k-diffusion")
def loglogistic(loc: float = 0.0, scale: float = 0.5) -> Density:
    """p(λ) = logistic(−2 loc, 2 scale): ln(σ/σ_d) is logistic.

    loc, scale: of ln(σ/σ_d). k-diffusion's code, rand_log_logistic; at the defaults it is uniform_gamma
    """
    return stats.logistic(-2.0 * loc, 2.0 * scale)


_SPLIT = {"loc": Float(-3, 3), "scale_1": Float(0.1, 3, log=True), "scale_2": Float(0.1, 3, log=True)}


@register("split_lognormal", space=_SPLIT, paper="k-diffusion")
def split_lognormal(loc: float = -1.2, scale_1: float = 1.2, scale_2: float = 1.2) -> Density:
    """ln σ is a normal in two pieces that meet at its mode.

    p(λ) ∝ exp(−(λ + 2 loc)²/(8 s²)), s = scale_1 for λ above the mode (low σ), scale_2 below it.

    loc:              mode of ln σ
    scale_1, scale_2: of ln σ below and above its mode; the high-λ side holds s₁/(s₁ + s₂) of the mass
    k-diffusion's code, rand_split_log_normal, which has no defaults: these are `edm`'s
    """
    return SplitNormal(-2.0 * loc, below=2.0 * scale_2, above=2.0 * scale_1)


class SplitNormal(Continuous):
    """Two half normals with one mode: standard deviation `below` on the left, `above` on the right."""

    def __init__(self, mode: float, below: float, above: float) -> None:
        self._mode, self._below, self._above = mode, below, above
        self._share = below / (below + above)

    def pdf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        z = (x - self._mode) / np.where(x < self._mode, self._below, self._above)
        return np.exp(-0.5 * z**2) * np.sqrt(2.0 / np.pi) / (self._below + self._above)

    def cdf(self, x: Array) -> Array:
        return np.where(np.asarray(x) < self._mode, self._left(x), 1.0 - self._right(x))

    def sf(self, x: Array) -> Array:
        return np.where(np.asarray(x) < self._mode, 1.0 - self._left(x), self._right(x))

    def ppf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        return self._mode + np.where(q < self._share, self._left_at(q), -self._right_at(1.0 - q))

    def isf(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        return self._mode + np.where(q < 1.0 - self._share, -self._right_at(q), self._left_at(1.0 - q))

    def _left(self, x: Array) -> Array:
        return 2.0 * self._share * ndtr((np.asarray(x) - self._mode) / self._below)

    def _right(self, x: Array) -> Array:
        return 2.0 * (1.0 - self._share) * ndtr((self._mode - np.asarray(x)) / self._above)

    def _left_at(self, q: Array) -> Array:
        return self._below * ndtri(np.minimum(q / (2.0 * self._share), 0.5))

    def _right_at(self, q: Array) -> Array:
        return self._above * ndtri(np.minimum(q / (2.0 * (1.0 - self._share)), 0.5))
