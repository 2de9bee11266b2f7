"""A window of the straight path's time: what trainers' smallest and largest time step do."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array, Continuous, Density, survival, upper_quantile
from schedules.errors import UserError
from schedules.spaces import Float
from schedules.transforms import register


@register("flow_window", space={"low": Float(0, 1), "high": Float(0, 1)}, paper="OneTrainer")
def flow_window(density: Density, low: float = 0.0, high: float = 1.0) -> Density:
    """t' = low + (high − low)·t with t = 1/(1 + e^{λ/2}): the flow time squeezed into a window, not cut.

    low, high: ends of the window, 0 clean and 1 noise; `truncate` cuts instead, and keeps the shape inside
    UserError: low ≥ high
    OneTrainer's min_noising_strength and max_noising_strength, musubi-tuner's and sd-scripts' (SD3) --min_timestep and
    --max_timestep over 1000
    """
    if not low < high:
        raise UserError(f"flow_window: expected low below high; got low={low:g}, high={high:g}")
    return Window(density, low, high)


class Window(Continuous):
    """λ of t' = low + (high − low)·t, λ(t) ~ base."""

    def __init__(self, base: Density, low: float, high: float) -> None:
        self._base, self._low, self._rest, self._width = base, low, 1.0 - high, high - low

    def pdf(self, x: Array) -> Array:
        t, rest = expit(-0.5 * np.asarray(x)), expit(0.5 * np.asarray(x))
        inner, inner_rest = self._inside(t, rest)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = t * rest / (self._width * inner * inner_rest)  # dλ/dλ', from dλ = −2 dt/(t(1 − t)) on both sides
            value = np.asarray(self._base.pdf(self._logsnr(inner, inner_rest))) * slope
        return np.where((inner > 0) & (inner_rest > 0), value, 0.0)

    def cdf(self, x: Array) -> Array:
        return np.asarray(self._base.cdf(self._base_logsnr(x)))

    def sf(self, x: Array) -> Array:
        return survival(self._base, self._base_logsnr(x))

    def ppf(self, q: Array) -> Array:
        return self._squeezed(np.asarray(self._base.ppf(q)))

    def isf(self, q: Array) -> Array:
        return self._squeezed(upper_quantile(self._base, q))

    def _squeezed(self, logsnr: Array) -> Array:
        t, rest = expit(-0.5 * logsnr), expit(0.5 * logsnr)
        return self._logsnr(self._low + self._width * t, self._rest + self._width * rest)

    def _base_logsnr(self, x: Array) -> Array:
        return self._logsnr(*self._inside(expit(-0.5 * np.asarray(x)), expit(0.5 * np.asarray(x))))

    def _inside(self, t: Array, rest: Array) -> tuple[Array, Array]:
        """t and 1 − t of the base, each from the side where it keeps its digits; 0 and 1 outside the window."""
        return np.clip((t - self._low) / self._width, 0.0, 1.0), np.clip((rest - self._rest) / self._width, 0.0, 1.0)

    @staticmethod
    def _logsnr(t: Array, rest: Array) -> Array:
        with np.errstate(divide="ignore"):
            return 2.0 * (np.log(rest) - np.log(t))
