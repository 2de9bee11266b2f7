"""A density whose flow time is mapped: t' = g(t), g increasing, on the straight path x_t = (1 − t) x₀ + t ε.

λ = −2 logit t, so p'(λ') = p(λ) · dλ/dλ' with dλ'/dλ = g'(t) · t(1 − t) / (t'(1 − t')). As in
`schedules.densities.flow_time`, every function takes and gives t and 1 − t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile

Pair = tuple[Array, Array]


@dataclass(frozen=True)
class FlowMap:
    """An increasing map of flow time: to a scaled and moved time, then n times t → sin(πt/2).

    first: where t = 0 goes before the sines; t' = first + (1 − first) t
    sines: n
    """

    first: float = 0.0
    sines: int = 0

    def forward(self, t: Array, rest: Array) -> Pair:
        """g of times, (t, 1 − t) → (t', 1 − t')."""
        t, rest = self.first + (1.0 - self.first) * t, (1.0 - self.first) * rest
        for _ in range(self.sines):
            t, rest = np.sin(0.5 * np.pi * t), 2.0 * np.sin(0.25 * np.pi * rest) ** 2
        return t, rest

    def back(self, t: Array, rest: Array) -> Pair:
        """g⁻¹ of times; below the first one t is 0."""
        for _ in range(self.sines):
            # Half of [0, 1] from each side: arcsin loses digits near 1.
            near = t < 0.5
            early = 2.0 / np.pi * np.arcsin(np.where(near, t, 0.5))
            late = 4.0 / np.pi * np.arcsin(np.sqrt(0.5 * np.where(near, 0.5, rest)))
            t, rest = np.where(near, early, 1.0 - late), np.where(near, 1.0 - early, late)
        scale = 1.0 - self.first
        return np.maximum((t - self.first) / scale, 0.0), np.minimum(rest / scale, 1.0)

    def slope(self, t: Array, rest: Array) -> Array:
        """g' at times before the map."""
        t, rest = self.first + (1.0 - self.first) * t, (1.0 - self.first) * rest
        slope = np.full(np.shape(t), 1.0 - self.first)
        for _ in range(self.sines):
            slope = slope * 0.5 * np.pi * np.sin(0.5 * np.pi * rest)
            t, rest = np.sin(0.5 * np.pi * t), 2.0 * np.sin(0.25 * np.pi * rest) ** 2
        return slope


class FlowMapped(Continuous):
    """The base with its flow time mapped."""

    def __init__(self, base: Density, by: FlowMap) -> None:
        self._base, self._map = base, by

    def pdf(self, x: Array) -> Array:
        after = _times(x)
        before = self._map.back(*after)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            stretch = self._map.slope(*before) * before[0] * before[1] / (after[0] * after[1])
            value = np.asarray(self._base.pdf(_logsnr(*before))) / stretch
        return np.where(np.isfinite(value) & (before[0] > 0), value, 0.0)

    def cdf(self, x: Array) -> Array:
        return np.asarray(self._base.cdf(self._before(x)), dtype=np.float64)

    def sf(self, x: Array) -> Array:
        return survival(self._base, self._before(x))

    def ppf(self, q: Array) -> Array:
        return self._after(np.asarray(self._base.ppf(q)))

    def isf(self, q: Array) -> Array:
        return self._after(upper_quantile(self._base, q))

    def _after(self, x: Array) -> Array:
        return _logsnr(*self._map.forward(*_times(x)))

    def _before(self, x: Array) -> Array:
        return _logsnr(*self._map.back(*_times(x)))


def _times(logsnr: Array) -> Pair:
    at = np.asarray(logsnr, dtype=np.float64)
    return expit(-0.5 * at), expit(0.5 * at)


def _logsnr(t: Array, rest: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * (np.log(rest) - np.log(t)))
