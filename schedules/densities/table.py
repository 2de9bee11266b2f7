"""A schedule given by a discrete table (DDPM): β₁ … β_T or ᾱ₁ … ᾱ_T, as a continuous density.

Step i of T is t = i/T (`alphas_cumprod[k]` of diffusers is i = k + 1), and λ(i/T) = ln(ᾱ_i / (1 − ᾱ_i)) holds
exactly. Between the steps λ is a monotone cubic (PCHIP) in ln t, in which published tables are nearly straight at the
clean end. Before the first step σ² falls linearly to 0 at t = 0, where the table's unwritten entry ᾱ₀ = 1 stands; a
last entry ᾱ_T = 0 (zero terminal SNR) is reached by α falling linearly to 0. So λ is finite for t inside (0, 1), and
1/T of the mass lies beyond the first entry.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.special import expit

from schedules.densities.density import Array, Continuous
from schedules.densities.inverse import Inverse, invert
from schedules.densities.tabulated import logit
from schedules.errors import UserError


def from_betas(betas: ArrayLike) -> Table:
    """Density of a table of β: ᾱ_i = Π_{s ≤ i} (1 − β_s), then as `from_alphas_cumprod`.

    betas: shape (T,), T ≥ 2, each in [0, 1]; step i of T is t = i/T
    UserError: not such a table, or λ does not fall at each step.

    Source: arXiv:2006.11239, section 2.

        >>> import numpy as np
        >>> import schedules
        >>> ddpm = schedules.from_betas(np.linspace(1e-4, 0.02, 1000))
        >>> ddpm.ppf([0.0, 0.5, 0.999]).round(2).tolist()  # λ at t = 1, t = 1/2 and the first of the steps
        [-10.12, -2.46, 9.21]
    """
    beta = _column("betas", betas)
    with np.errstate(divide="ignore"):
        log_signal = np.cumsum(np.log1p(-beta))
    return _from_log_signal(log_signal)


def from_alphas_cumprod(alphas_cumprod: ArrayLike) -> Table:
    """Density of a table of ᾱ = α²: λ(i/T) = ln(ᾱ_i / (1 − ᾱ_i)) exactly, a monotone cubic in ln t in between.

    alphas_cumprod: shape (T,), T ≥ 2, falling, in [0, 1]; only the last may be 0
    UserError: no such table.

    Source: arXiv:2006.11239, section 2; a last entry 0 as in arXiv:2305.08891.

        >>> import schedules
        >>> density = schedules.from_alphas_cumprod([0.9, 0.5, 0.1])
        >>> (1 - density.cdf(0.0)).round(6).item()  # ᾱ = 1/2, λ = 0, at t = 2/3
        0.666667
    """
    with np.errstate(divide="ignore"):
        return _from_log_signal(np.log(_column("alphas_cumprod", alphas_cumprod)))


def _column(name: str, values: ArrayLike) -> Array:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        column = np.empty(0)
    if column.ndim != 1 or column.size < 2 or not np.all((column >= 0) & (column <= 1)):
        raise UserError(f"{name} must be a list of 2 or more numbers in [0, 1]")
    return column


def _from_log_signal(log_signal: Array) -> Table:
    with np.errstate(divide="ignore"):
        logsnr = log_signal - np.log(-np.expm1(log_signal))
    if not np.all(np.isfinite(logsnr[:-1])) or np.isnan(logsnr[-1]) or np.any(np.diff(logsnr) >= 0):
        raise UserError("a table of noise levels must give a λ that falls at each step, from finite values")
    return Table(logsnr)


class Table(Continuous):
    """Density over λ through a table of λ_i at t = i/T, i = 1 … T; a last λ_T = −∞ is allowed."""

    def __init__(self, logsnr: Array) -> None:
        steps = logsnr.size
        time = np.arange(1, steps + 1) / steps
        self._to_zero = not np.isfinite(logsnr[-1])
        finite = steps - 1 if self._to_zero else steps
        self._first, self._last = float(time[0]), float(time[finite - 1])
        self._top, self._bottom = float(logsnr[0]), float(logsnr[finite - 1])
        self._log_time, self._nodes = np.log(time[:finite]), logsnr[:finite]
        self._cubic = PchipInterpolator(self._log_time, self._nodes)
        self._rate = self._cubic.derivative()

    def ppf(self, q: Array) -> Array:
        rest = np.asarray(q, dtype=np.float64)
        return self._logsnr(1.0 - rest, rest)

    def isf(self, q: Array) -> Array:
        time = np.asarray(q, dtype=np.float64)
        return self._logsnr(time, 1.0 - time)

    def cdf(self, x: Array) -> Array:
        return 1.0 - self._time(np.asarray(x, dtype=np.float64))

    def sf(self, x: Array) -> Array:
        return self._time(np.asarray(x, dtype=np.float64))

    def pdf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        time = self._time(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner = time / -self._rate(np.log(np.clip(time, self._first, self._last)))
            before = self._first * _sigmoid(-x) * _sigmoid(x) / _sigmoid(-self._top)
            after = self._tail() * 0.5 * np.sqrt(_sigmoid(x)) * _sigmoid(-x)
        return np.where(x > self._top, before, np.where(x < self._bottom, after, inner))

    def _logsnr(self, time: Array, rest: Array) -> Array:
        inner = self._cubic(np.log(np.clip(time, self._first, self._last)))
        logsnr = np.array(inner)
        first, last = np.asarray(time < self._first), np.asarray(time > self._last)
        with np.errstate(divide="ignore"):
            logsnr[first] = self._before(np.asarray(time)[first])
            logsnr[last] = self._after(np.asarray(rest)[last]) if self._to_zero else self._bottom
        return logsnr

    def _before(self, time: Array) -> Array:
        """λ where σ² = σ₁² t/t₁."""
        return -logit(_sigmoid(-self._top) * np.minimum(time / self._first, 1.0))

    def _after(self, rest: Array) -> Array:
        """λ where α = α_{T−1} (1 − t)/(1 − t_{T−1})."""
        signal = (np.sqrt(_sigmoid(self._bottom)) * np.clip(rest / (1.0 - self._last), 0.0, 1.0)) ** 2
        return logit(signal)

    def _tail(self) -> float:
        """(1 − t_{T−1}) / α_{T−1}: time per unit of α in the last piece; 0 where the table ends above α = 0."""
        return (1.0 - self._last) / float(np.sqrt(_sigmoid(self._bottom))) if self._to_zero else 0.0

    def _time(self, x: Array) -> Array:
        """t(λ), the three pieces joined."""
        inside = np.clip(x, self._bottom, self._top)
        log_time = self._log_time_of(-inside)
        # One step of Newton's method: from the table's tolerance to rounding, which a pole of a retimed density needs.
        log_time = log_time - (self._cubic(log_time) - inside) / self._rate(log_time)
        inner = np.exp(np.clip(log_time, self._log_time[0], self._log_time[-1]))
        before = self._first * _sigmoid(-x) / _sigmoid(-self._top)
        after = 1.0 - self._tail() * np.sqrt(_sigmoid(x))
        return np.where(x > self._top, before, np.where(x < self._bottom, after, inner))

    @functools.cached_property
    def _log_time_of(self) -> Inverse:
        return invert(lambda u: (-self._cubic(u), -self._rate(u)), self._log_time)


def _sigmoid(x: Array | float) -> Array:
    return np.asarray(expit(x), dtype=np.float64)
