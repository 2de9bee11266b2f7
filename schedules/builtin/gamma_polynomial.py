"""α that falls with a power of time: E(3)-equivariant diffusion."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules import Density, register
from schedules.densities.density import Array, Continuous
from schedules.spaces import Float


@register(
    "polynomial", space={"power": Float(0.5, 4, log=True), "s": Float(1e-6, 0.01, log=True)}, paper="arXiv:2203.17003"
)
def polynomial(power: float = 2.0, s: float = 1e-5) -> Density:
    """α² = (1 − 2s)(1 − t^p)² + s, t ~ U(0, 1): λ stays within ±ln((1 − s)/s), and p(λ) has a pole at both of its ends.

    power, s: p and s; the defaults are the scripts' polynomial_2 with precision 1e-5
    EDM (E(3)-equivariant diffusion), Hoogeboom et al. 2022, and its code (en_diffusion.py, read), a table of T + 1
    levels at t = i/T, in which it clips the ratio of two of them at 10⁻³, which s hides
    """
    return Polynomial(power, s)


class Polynomial(Continuous):
    """λ of α² = (1 − 2s) y² + s, y = 1 − t^p."""

    def __init__(self, power: float, s: float) -> None:
        self._power, self._s = power, s

    def pdf(self, x: Array) -> Array:
        y, share = self._parts(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = expit(x) * expit(-np.asarray(x)) / (2.0 * (1.0 - 2.0 * self._s) * y)
            value = share ** (1.0 / self._power - 1.0) / self._power * slope
        return np.where((y > 0) & (share > 0), value, 0.0)

    def cdf(self, x: Array) -> Array:
        y, share = self._parts(x)
        with np.errstate(divide="ignore"):
            return np.where(share < 0.5, 1.0 - self.sf(x), -np.expm1(np.log1p(-y) / self._power))

    def sf(self, x: Array) -> Array:
        _, share = self._parts(x)
        return share ** (1.0 / self._power)

    def ppf(self, q: Array) -> Array:
        with np.errstate(divide="ignore"):
            return self._logsnr(np.log1p(-np.asarray(q, dtype=np.float64)))

    def isf(self, q: Array) -> Array:
        with np.errstate(divide="ignore"):
            return self._logsnr(np.log(np.asarray(q, dtype=np.float64)))

    def _parts(self, x: Array) -> tuple[Array, Array]:
        """y and t^p = 1 − y of λ, each from the side on which it is small; 0 and 1 beyond the ends."""
        at, width = np.asarray(x, dtype=np.float64), 1.0 - 2.0 * self._s
        y = np.sqrt(np.clip((expit(at) - self._s) / width, 0.0, 1.0))
        return y, np.clip((expit(-at) - self._s) / width, 0.0, 1.0) / (1.0 + y)

    def _logsnr(self, log_t: Array) -> Array:
        share, y = np.exp(self._power * log_t), -np.expm1(self._power * log_t)
        signal = self._s + (1.0 - 2.0 * self._s) * y**2
        return np.log(signal) - np.log(self._s + (1.0 - 2.0 * self._s) * share * (1.0 + y))
