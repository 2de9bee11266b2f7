"""The Beta distribution in logit coordinates: both of its tails keep their digits, and its quantiles are fast.

With u ~ Beta(a, b) and τ = logit u, the quantile function is tabulated as τ(logit q) to 1e-9. SciPy's own inverse of
the incomplete Beta function takes microseconds a value, which is too slow to draw millions.
"""

from __future__ import annotations

import functools

import numpy as np
from scipy.special import betainc, betaln, expit

from schedules.densities.density import Array
from schedules.densities.inverse import Inverse, invert
from schedules.densities.tabulated import logit

_REACH = 700.0  # beyond it, expit underflows
_FLOOR = 1e-290  # masses below are left out of the table


class Beta:
    """u ~ Beta(a, b), seen through τ = logit u."""

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b

    def below(self, u: Array, rest: Array) -> Array:
        """P(U ≤ u), from u and rest = 1 − u, whichever is the smaller."""
        return np.where(u < 0.5, betainc(self.a, self.b, u), 1.0 - betainc(self.b, self.a, rest))

    def above(self, u: Array, rest: Array) -> Array:
        """P(U > u), from u and rest = 1 − u, whichever is the smaller."""
        return np.where(u < 0.5, 1.0 - betainc(self.a, self.b, u), betainc(self.b, self.a, rest))

    def log_pdf(self, u: Array, rest: Array) -> Array:
        """ln of the density at u = 1 − rest, both inside (0, 1)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.a - 1) * np.log(u) + (self.b - 1) * np.log(rest) - betaln(self.a, self.b)

    def logit_ppf(self, q: Array) -> Array:
        """τ below which a share q of the mass lies."""
        return self._quantile(logit(q))

    def logit_isf(self, q: Array) -> Array:
        """τ above which a share q of the mass lies."""
        return self._quantile(-logit(q))

    @functools.cached_property
    def _quantile(self) -> Inverse:
        tau = np.concatenate(
            [-np.geomspace(_REACH, 1.0, 120), np.linspace(-0.9, 0.9, 19), np.geomspace(1.0, _REACH, 120)]
        )
        u, rest = expit(tau), expit(-tau)
        usable = (betainc(self.a, self.b, u) > _FLOOR) & (betainc(self.b, self.a, rest) > _FLOOR)
        return invert(self._logit_mass, tau[usable])

    def _logit_mass(self, tau: Array) -> tuple[Array, Array]:
        u, rest = expit(tau), expit(-tau)
        below, above = betainc(self.a, self.b, u), betainc(self.b, self.a, rest)
        with np.errstate(divide="ignore"):
            z = np.log(below) - np.log(above)
            log_pdf = self.a * np.log(u) + self.b * np.log(rest) - betaln(self.a, self.b)
            return z, np.exp(log_pdf - np.log(below) - np.log(above))
