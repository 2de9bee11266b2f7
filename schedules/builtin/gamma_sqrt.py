"""ᾱ that falls with the square root of time: Diffusion-LM, Stable Cascade."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules import Density, register
from schedules.densities.density import Array, Continuous
from schedules.spaces import Float


@register("sqrt", space={"s": Float(0, 0.05)}, paper="arXiv:2205.14217")
def sqrt(s: float = 1e-4) -> Density:
    """ᾱ = 1 − √u, u ~ U(s, 1): p(λ) ∝ sigmoid(−λ)² sigmoid(λ) up to λ = ln((1 − √s)/√s), little of it at the clean end.

    s: where u begins. Identity: at s = 0, −λ ~ genlogistic(2).
    Diffusion-LM, Li et al. 2022, and Stable Cascade's gdf (SqrtSchedule, both read) have ᾱ(t) = 1 − √(t + 10⁻⁴), which
    ends at t = 1 − 10⁻⁴; the share s of the draws beyond is left out here, there they are put on the largest noise
    """
    return SquareRoot(s)


class SquareRoot(Continuous):
    """λ = ln((1 − √u)/√u), u ~ U(s, 1): P(λ > x) = (sigmoid(−x)² − s)/(1 − s)."""

    def __init__(self, s: float) -> None:
        self._s, self._root = s, float(np.sqrt(s))

    def pdf(self, x: Array) -> Array:
        clean, noisy = expit(np.asarray(x)), expit(-np.asarray(x))
        return np.where(noisy >= self._root, 2.0 * noisy**2 * clean / (1.0 - self._s), 0.0)

    def cdf(self, x: Array) -> Array:
        clean, noisy = expit(np.asarray(x)), expit(-np.asarray(x))
        return np.where(noisy >= self._root, np.minimum(clean * (1.0 + noisy) / (1.0 - self._s), 1.0), 1.0)

    def sf(self, x: Array) -> Array:
        noisy = expit(-np.asarray(x))
        return np.maximum(noisy - self._root, 0.0) * (noisy + self._root) / (1.0 - self._s)

    def ppf(self, q: Array) -> Array:
        rest = (1.0 - self._s) * np.asarray(q, dtype=np.float64)
        return self._logsnr(1.0 - rest, rest)

    def isf(self, q: Array) -> Array:
        t = np.asarray(q, dtype=np.float64)
        return self._logsnr(self._s + (1.0 - self._s) * t, (1.0 - self._s) * (1.0 - t))

    def _logsnr(self, u: Array, rest: Array) -> Array:
        root = np.sqrt(u)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(rest / (1.0 + root)) - np.log(root))  # 1 − √u = (1 − u)/(1 + √u)
