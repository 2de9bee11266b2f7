"""Schedules written as γ(t) = ᾱ(t), λ = logit γ: Chen 2023 (arXiv:2301.10972) and what it collects.

Its input scale b (x = √γ · b · x₀ + √(1 − γ) ε) adds 2 ln b to λ: the transform `shift:a=1/b`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from schedules import Density, from_time, register
from schedules.densities.density import Array
from schedules.spaces import Float


@register("uniform_gamma", paper="arXiv:2301.10972")
def uniform_gamma() -> Density:
    """p(λ) = sigmoid(λ) sigmoid(−λ), from ᾱ = 1 − t ("simple linear").

    Identity: logistic(0, 1).
    """
    return stats.logistic(0.0, 1.0)


@register(
    "sigmoid",
    space={"start": Float(-6, 0), "end": Float(0.5, 6)},
    given={"tau": Float(0.1, 2, log=True)},  # only s/τ and e/τ count
    paper="arXiv:2212.11972",
)
def sigmoid(start: float = -3.0, end: float = 3.0, tau: float = 1.0) -> Density:
    """γ(t) = (S(e/τ) − S(((e − s)t + s)/τ)) / (S(e/τ) − S(s/τ)), S the logistic function.

    In λ that is ln(sinh(h(1 − t))/sinh(ht)) + ln(cosh(s/2τ)/cosh(e/2τ)) with h = (e − s)/(2τ).

    start, end, tau: s, e, τ
    Jabri et al. 2022; Chen 2023. Neither GeoDiff's β (`geodiff_sigmoid`) nor the weighting
    `sigmoid`.
    """
    half = (end - start) / (2.0 * tau)
    offset = _log_cosh(start / (2.0 * tau)) - _log_cosh(end / (2.0 * tau))
    return from_time(
        lambda t: _log_sinh(half * (1.0 - t)) - _log_sinh(half * t) + offset,
        complement=lambda rest: _log_sinh(half * rest) - _log_sinh(half * (1.0 - rest)) + offset,
    )


@register(
    "cosine_power",
    space={"start": Float(0, 0.5), "end": Float(0.6, 1), "tau": Float(0.5, 3, log=True)},
    paper="arXiv:2301.10972",
)
def cosine_power(start: float = 0.0, end: float = 1.0, tau: float = 1.0) -> Density:
    """γ(t) = (v_e − cos^{2τ}(xπ/2)) / (v_e − v_s), x = (e − s)t + s, v_s and v_e the power at both ends.

    start, end, tau: s, e, τ; the defaults are `cosine`
    Chen 2023.
    """
    first, last = 0.5 * math.pi * start, 0.5 * math.pi * end
    reaches_zero = end == 1.0

    def ratio(from_start: Array, from_end: Array) -> Array:
        """ln(γ/(1 − γ)) at angles from both ends, each difference of powers as one product."""
        angle = first + from_start
        drop = np.sin(angle + first) * np.sin(from_start) / math.cos(first) ** 2
        lost = -np.expm1(tau * np.log1p(-np.minimum(drop, 1.0)))
        if reaches_zero:
            log_kept = 2.0 * tau * (np.log(np.sin(from_end)) - math.log(math.cos(first)))
        else:
            excess = np.expm1(tau * np.log1p(np.sin(angle + last) * np.sin(from_end) / math.cos(last) ** 2))
            log_kept = np.log(excess) + 2.0 * tau * math.log(math.cos(last) / math.cos(first))
        return log_kept - np.log(lost)

    span = last - first
    return from_time(
        lambda t: ratio(span * t, span * (1.0 - t)), complement=lambda rest: ratio(span * (1.0 - rest), span * rest)
    )


def _log_sinh(x: Array) -> Array:
    """ln sinh x for x > 0, without overflow."""
    return x + np.log(-np.expm1(-2.0 * x)) - math.log(2.0)


def _log_cosh(x: float) -> float:
    return abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - math.log(2.0)
