"""Truncation to an interval of λ."""

from __future__ import annotations

import numpy as np

from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile
from schedules.errors import UserError
from schedules.spaces import Float
from schedules.transforms import register


@register("truncate", space={"low": Float(-100, 100), "high": Float(-100, 100)})
def truncate(density: Density, low: float | None = None, high: float | None = None) -> Density:
    """p'(λ) = p(λ) / (F(high) − F(low)) inside [low, high], 0 outside.

    low, high: bounds in nats of log SNR; one that is left out is open
    UserError: low ≥ high, or less than 1e-9 of the mass lies between
    """
    return Truncated(density, -np.inf if low is None else low, np.inf if high is None else high)


class Truncated(Continuous):
    """The base restricted to [low, high]; both tails are measured from their own side."""

    def __init__(self, base: Density, low: float, high: float) -> None:
        self._base, self._low, self._high = base, low, high
        self._below = float(base.cdf(np.asarray(low)))
        self._above = float(survival(base, np.asarray(high)))
        # In a tail, cdf − cdf cancels; the difference is taken on the side where the numbers are small.
        upper = float(survival(base, np.asarray(low)))
        lower = float(base.cdf(np.asarray(high)))
        self._mass = upper - self._above if self._below > 0.5 else lower - self._below
        if not low < high or not self._mass > 1e-9:
            raise UserError(f"truncate: no mass between low={low:g} and high={high:g}")

    def pdf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return np.where((x >= self._low) & (x <= self._high), np.asarray(self._base.pdf(x)) / self._mass, 0.0)

    def cdf(self, x: Array) -> Array:
        inside = np.clip(np.asarray(x, dtype=np.float64), self._low, self._high)
        if self._below > 0.5:
            return 1.0 - self.sf(inside)
        return np.clip((np.asarray(self._base.cdf(inside)) - self._below) / self._mass, 0.0, 1.0)

    def sf(self, x: Array) -> Array:
        inside = np.clip(np.asarray(x, dtype=np.float64), self._low, self._high)
        if self._above > 0.5:
            return 1.0 - self.cdf(inside)
        return np.clip((survival(self._base, inside) - self._above) / self._mass, 0.0, 1.0)

    def ppf(self, q: Array) -> Array:
        return self._quantile(np.asarray(q, dtype=np.float64), 1.0 - np.asarray(q))

    def isf(self, q: Array) -> Array:
        return self._quantile(1.0 - np.asarray(q), np.asarray(q, dtype=np.float64))

    def _quantile(self, below: Array, above: Array) -> Array:
        lower = self._below + below * self._mass
        upper = self._above + above * self._mass
        value = np.where(
            lower <= 0.5,
            np.asarray(self._base.ppf(np.minimum(lower, 0.75))),
            upper_quantile(self._base, np.minimum(upper, 0.75)),
        )
        return np.clip(value, self._low, self._high)
