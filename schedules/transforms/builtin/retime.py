"""Drawing the time of a schedule unevenly."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules.densities.beta import Beta
from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile
from schedules.spaces import Float
from schedules.transforms import register


@register("retime", space={"a": Float(0.2, 20, log=True), "b": Float(0.2, 20, log=True)})
def retime(density: Density, a: float = 1.0, b: float = 1.0) -> Density:
    """λ(t) of the base with t ~ Beta(a, b) instead of uniform: p'(λ) = p(λ) · beta(t(λ); a, b).

    a < 1 draws more of the clean end (t = 0), b < 1 more of the noise end
    """
    return Retimed(density, a, b)


class Retimed(Continuous):
    """The base with its time drawn from Beta(a, b)."""

    def __init__(self, base: Density, a: float, b: float) -> None:
        self._base, self._time = base, Beta(a, b)

    def pdf(self, x: Array) -> Array:
        with np.errstate(invalid="ignore", over="ignore"):
            value = np.asarray(self._base.pdf(x)) * np.exp(self._time.log_pdf(*self._split(x)))
        return np.nan_to_num(value, nan=0.0, posinf=0.0)

    def cdf(self, x: Array) -> Array:
        return self._time.above(*self._split(x))

    def sf(self, x: Array) -> Array:
        return self._time.below(*self._split(x))

    def ppf(self, q: Array) -> Array:
        return self._logsnr(self._time.logit_isf(q))

    def isf(self, q: Array) -> Array:
        return self._logsnr(self._time.logit_ppf(q))

    def _split(self, x: Array) -> tuple[Array, Array]:
        """t(λ) and 1 − t(λ), each with its own digits."""
        return survival(self._base, x), np.asarray(self._base.cdf(x), dtype=np.float64)

    def _logsnr(self, tau: Array) -> Array:
        logsnr = np.empty(np.shape(tau))
        early = np.asarray(tau < 0)
        logsnr[early] = upper_quantile(self._base, expit(tau[early]))
        logsnr[~early] = self._base.ppf(expit(-tau[~early]))
        return logsnr
