"""A schedule given by its time form λ(t), t ~ U(0, 1): p(λ) = 1 / |dλ/dt| at t(λ).

The quantile function is the time form itself, Q(q) = λ(1 − q). Its inverse t(λ) is tabulated in τ = logit t, where
curves of the literature are smooth up to both ends (stated error of λ(t(λ)): ≤ 1e-6 for t in [1e-9, 1 − 1e-9]).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit

from schedules.densities.density import Array, Continuous
from schedules.densities.inverse import Inverse, invert
from schedules.densities.tabulated import logit
from schedules.errors import UserError, named

REACH = 36.0  # |logit t| up to here: t = 1 − 2e-16 is the last float64 below 1
FAR = (300.0, 100.0)  # tried beyond it, where t or 1 − t is at hand itself
_STEP = 2e-3
_STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # central difference of sixth order


def from_time(
    logsnr: Callable[[Array], Array],
    *,
    complement: Callable[[Array], Array] | None = None,
    breaks: Sequence[float] = (),
) -> TimeForm:
    """Density of λ(t) for t ~ U(0, 1).

    logsnr:     t in (0, 1) → λ, any shape, decreasing (clean to noise), finite inside
    complement: r = 1 − t → λ(1 − r), for full digits near t = 1; optional
    breaks:     t at which dλ/dt jumps
    UserError: λ(t) does not give a λ for each t of an array, is not finite, or does not decrease.

    Source: arXiv:2407.03297 (a schedule is a density over λ, p(λ) = −dt/dλ).

        >>> import numpy as np
        >>> import schedules
        >>> cosine = schedules.from_time(lambda t: -2 * np.log(np.tan(np.pi * t / 2)))
        >>> cosine.cdf([-2.0, 0.0, 2.0]).round(4).tolist()
        [0.2244, 0.5, 0.7756]
        >>> cosine.pdf(0.0).round(4).item()  # 1 / 2π
        0.1592
    """
    return TimeForm(logsnr, complement, tuple(breaks))


class TimeForm(Continuous):
    """Density over λ of a decreasing time form; see `from_time`."""

    def __init__(
        self, logsnr: Callable[[Array], Array], complement: Callable[[Array], Array] | None, breaks: tuple[float, ...]
    ) -> None:
        self._near_zero = logsnr
        self._near_one = complement or (lambda rest: logsnr(1.0 - rest))
        self._breaks = logit(np.asarray(breaks, dtype=np.float64))
        tau = np.linspace(-30.0, 30.0, 241)
        _elementwise(logsnr, expit(np.minimum(tau, 0.0)), "λ(t)", "t")
        if complement is not None:
            _elementwise(complement, expit(np.minimum(-tau, 0.0)), "complement(1 − t)", "1 − t")
        with np.errstate(all="ignore"):
            _falls(expit(tau), self._at(tau))
        self._first = -self._reach(-1.0)
        self._last = self._reach(1.0) if complement else REACH

    def ppf(self, q: Array) -> Array:
        return np.asarray(self._ends(self._near_one, np.asarray(q, dtype=np.float64), -1.0))

    def isf(self, q: Array) -> Array:
        return np.asarray(self._ends(self._near_zero, np.asarray(q, dtype=np.float64), 1.0))

    def cdf(self, x: Array) -> Array:
        return self._share(x, upper=False)

    def sf(self, x: Array) -> Array:
        return self._share(x, upper=True)

    def pdf(self, x: Array) -> Array:
        tau = self._tau(-np.asarray(x, dtype=np.float64))
        inside = (np.asarray(x) <= self._high) & (np.asarray(x) >= self._low)
        with np.errstate(divide="ignore"):
            return np.where(inside, expit(tau) * expit(-tau) / np.abs(self._slope(tau)), 0.0)

    def _share(self, x: Array, *, upper: bool) -> Array:
        """Mass above or below x: t(x) or 1 − t(x), 0 or 1 beyond the last tabulated λ."""
        x = np.asarray(x, dtype=np.float64)
        tau = self._tau(-x)
        share = expit(tau if upper else -tau)
        return np.where(x > self._high, 0.0 if upper else 1.0, np.where(x < self._low, 1.0 if upper else 0.0, share))

    def _ends(self, function: Callable[[Array], Array], share: Array, sign: float) -> Array:
        """λ at a share of the time from one end; the limits at shares 0 and 1."""
        inside = np.clip(share, 1e-300, np.nextafter(1.0, 0.0))
        value = np.asarray(function(inside), dtype=np.float64)
        at_zero, at_one = (self._high, self._low) if sign > 0 else (self._low, self._high)
        return np.where(share <= 0, at_zero, np.where(share >= 1, at_one, value))

    def _reach(self, sign: float) -> float:
        """How far logit t may go on one side while λ stays finite."""
        with np.errstate(all="ignore"):
            return next((far for far in FAR if np.isfinite(self._at(np.asarray(sign * far)))), REACH)

    @functools.cached_property
    def _low(self) -> float:
        return float(self._at(np.asarray(self._last)))

    @functools.cached_property
    def _high(self) -> float:
        return float(self._at(np.asarray(self._first)))

    def _at(self, tau: Array) -> Array:
        """λ at τ = logit t, from whichever end of (0, 1) is nearer."""
        near_zero = np.asarray(self._near_zero(expit(np.minimum(tau, 0.0))), dtype=np.float64)
        near_one = np.asarray(self._near_one(expit(np.minimum(-tau, 0.0))), dtype=np.float64)
        return np.where(tau <= 0, near_zero, near_one)

    def _slope(self, tau: Array) -> Array:
        """dλ/dτ; next to a break the stencil would straddle it, so its step shrinks to what fits."""
        step = np.full(np.shape(tau), _STEP)
        for point in self._breaks:
            step = np.minimum(step, np.maximum(np.abs(tau - point) / 4, 1e-7))
        return sum(c * (self._at(tau + k * step) - self._at(tau - k * step)) for k, c in _STENCIL) / step

    @functools.cached_property
    def _tau(self) -> Inverse:
        """−λ → τ: the negative of a decreasing function increases."""
        beyond = np.linspace(REACH, FAR[0], 67)
        nodes = np.concatenate([-beyond, np.linspace(-REACH, REACH, 145), beyond, self._breaks])
        nodes = nodes[(nodes >= self._first) & (nodes <= self._last)]
        return invert(lambda tau: (-self._at(tau), np.maximum(-self._slope(tau), 0.0)), nodes)


def _elementwise(function: Callable[[Array], Array], at: Array, name: str, argument: str) -> None:
    """UserError unless the function takes an array and returns an array of its shape."""
    expected = f"expected a λ for each {argument} of an array, as NumPy's functions give (np.log, not math.log)"
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(function(at))
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"a time form {name} is called with an array and raised {named(error)}; {expected}") from error
    if value.shape != at.shape or value.dtype.kind not in "fiu":
        description = "one value" if value.shape == () else f"shape {value.shape}"
        description = description if value.dtype.kind in "fiu" else f"{description} of type {value.dtype}"
        raise UserError(f"a time form {name} returned {description} for {argument} of shape {at.shape}; {expected}")


def _falls(t: Array, logsnr: Array) -> None:
    """UserError unless λ is finite and falls as t grows."""
    expected = "expected λ that falls from t = 0 (clean) to t = 1 (noise)"
    if not np.all(np.isfinite(logsnr)):
        worst = int(np.flatnonzero(~np.isfinite(logsnr))[0])
        raise UserError(f"a time form λ(t) is {logsnr[worst]:g} at t={t[worst]:.6g}; expected a finite λ inside (0, 1)")
    rises = np.diff(logsnr) > 1e-6
    if np.any(rises) and logsnr[-1] > logsnr[0] and not np.any(np.diff(logsnr) < -1e-6):
        middle = logsnr.size // 2
        at = f"{logsnr[middle - 20]:.4g} at t={t[middle - 20]:.4g}, {logsnr[middle + 20]:.4g} at t={t[middle + 20]:.4g}"
        raise UserError(f"a time form λ(t) rises ({at}); {expected}: give λ(1 − t), where its source has t = 1 clean")
    if np.any(rises):
        worst = int(np.flatnonzero(rises)[0])
        at = f"from {logsnr[worst]:.6g} at t={t[worst]:.6g} to {logsnr[worst + 1]:.6g} at t={t[worst + 1]:.6g}"
        raise UserError(f"a time form λ(t) rises {at}; {expected}")
    if not logsnr[-1] < logsnr[0]:
        raise UserError(f"a time form λ(t) is {logsnr[0]:.6g} for every t; {expected}")
