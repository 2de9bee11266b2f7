"""Variances of few seeds, moderated by what other pairs show: empirical Bayes (Smyth 2004, doi:10.2202/1544-6115.1027).

A variance s² of ν degrees of freedom is noise itself. Taking the true ones as draws from a scaled inverse χ²,

    1/σ² ~ χ²(ν₀) / (ν₀ s₀²),     s̃² = (ν₀ s₀² + ν s²) / (ν₀ + ν),     t = d̄ √n / s̃ with ν₀ + ν degrees of freedom

ν₀ and s₀² come from the mean and the variance of log s² over the pairs (Smyth's section 6.2), with two departures that
a simulation asked for (`tests/benchmarks/error_rates.py`): the variance of log s² is taken one standard error above
what was seen, so that few pairs borrow no more from each other than they surely may; and ν₀ + ν is at most what the
entries know between them, (entries − 1)(n − 1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from leaderboards.statistics.student_t import Array

EQUAL = 1e-3
"""A variance below this share of the median is that of two names for one thing, or nearly, and no measure of noise."""
ENDLESS = 1e6
"""Degrees of freedom from which on a variance is known."""


class Prior(NamedTuple):
    """What is known of a variance before its own seeds are looked at.

    freedom:  ν₀, 0 where nothing is known
    variance: s₀²
    """

    freedom: Array
    variance: Array


def fit(variances: ArrayLike, freedom: ArrayLike, entries: ArrayLike, *, careful: bool = True) -> Prior:
    """ν₀ and s₀² by the method of moments on log s².

        mean of log s² − ψ(ν/2) + log(ν/2)  =  log s₀² − ψ(ν₀/2) + log(ν₀/2)
        variance of log s² − mean of ψ′(ν/2)  =  ψ′(ν₀/2)

    variances: (…, pairs), NaN where there is none; those of two names for one thing are left out
    freedom:   ν of each, broadcast
    entries:   that the pairs are made of, broadcast to (…): pairs of one entry know the same of it
    careful:   take the variance of log s² one standard error, √(2/(entries − 1)), above what was seen
    """
    variances = np.asarray(variances, dtype=np.float64)
    if variances.shape[-1] == 0:
        return Prior(np.zeros(variances.shape[:-1]), np.ones(variances.shape[:-1]))
    with np.errstate(all="ignore"):
        least = EQUAL * _median(np.where(variances > 0, variances, np.inf))
        used = variances > least
        freedom = np.broadcast_to(np.asarray(freedom, dtype=np.float64), variances.shape)
        bias, luck = _moments(freedom)
        count = used.sum(axis=-1)
        e = np.log(variances, where=used, out=np.zeros_like(variances)) - bias
        mean = np.sum(e, axis=-1, where=used) / count
        spread = np.sum((e - mean[..., None]) ** 2, axis=-1, where=used) / (count - 1)
        if careful:
            spread = spread * (1 + np.sqrt(2 / (np.asarray(entries) - 1)))
        own, noise = (np.sum(value, axis=-1, where=used) / count for value in (freedom, luck))
        extra = spread - noise
        most = np.maximum(0, (np.asarray(entries) - 2) * own)
        prior_freedom = np.minimum(2 * trigamma_inverse(np.maximum(extra, 2 / ENDLESS)), most)
        scale = np.exp(mean + special.digamma(prior_freedom / 2) - np.log(prior_freedom / 2))
    estimable = (count > 1) & (prior_freedom > 0)
    return Prior(np.where(estimable, prior_freedom, 0.0), np.where(estimable, scale, 1.0))


def moderate(variances: ArrayLike, freedom: ArrayLike, prior: Prior) -> tuple[Array, Array]:
    """s̃² = (ν₀ s₀² + ν s²) / (ν₀ + ν) and its ν₀ + ν degrees of freedom.

    variances, freedom: any shape, broadcast with the prior's
    """
    variances, freedom = np.asarray(variances, dtype=np.float64), np.asarray(freedom, dtype=np.float64)
    total = prior.freedom + freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((prior.freedom * prior.variance + freedom * variances) / total), np.asarray(total)


def _moments(freedom: Array) -> tuple[Array, Array]:
    """Mean ψ(ν/2) − log(ν/2) and variance ψ′(ν/2) of log s² / σ²; the dearest thing here, so once for each whole ν."""
    whole = freedom.astype(np.int64)
    few = bool(np.all(whole == freedom))
    half = np.arange(max(2, whole.max() + 1)) / 2 if few else freedom / 2
    moments = special.digamma(half) - np.log(half), special.polygamma(1, half)
    return (moments[0][whole], moments[1][whole]) if few else moments


def _median(values: Array) -> Array:
    """(…, 1): the lower median of the values that are finite."""
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    middle = np.maximum((count - 1) // 2, 0)
    ordered = np.partition(values, np.unique(middle), axis=-1)
    return np.asarray(np.take_along_axis(ordered, middle, axis=-1))


def trigamma_inverse(y: ArrayLike) -> Array:
    """x with ψ′(x) = y > 0, by Newton's steps on 1/ψ′, which is convex and nearly linear (Smyth 2004, appendix)."""
    y = np.asarray(y, dtype=np.float64)
    x = 0.5 + 1 / y
    for _ in range(20):
        value = special.polygamma(1, x)
        step = value * (1 - value / y) / special.polygamma(2, x)
        x = x + step
        if np.all(np.abs(step) <= 1e-12 * x):
            break
    return np.asarray(x)
