"""The paired t-test of every pair of rows of a matrix, seed by seed, without an array of pairs × seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboards.statistics import Array

BLOCK = 256


class Pairs(NamedTuple):
    """Differences row − column over the seeds that both have; (entries, entries) each.

    mean: NaN where a pair shares no seed
    t:    |mean| √n / s, 0 where all differences are 0, NaN where a pair shares fewer than two seeds
    n:    number of shared seeds
    """

    mean: Array
    t: Array
    n: NDArray[np.int64]


def pairs(costs: Array) -> Pairs:
    """Every row against every other. costs: (entries, seeds), NaN = missing."""
    columns = np.ascontiguousarray(costs.T)
    mean, squares, n = _complete(columns) if np.isfinite(costs).all() else _with_holes(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(mean) * np.sqrt(n) / np.sqrt(squares / (n - 1))
    t[(mean == 0) & (squares == 0)] = 0.0
    t[n < 2] = np.nan
    return Pairs(mean, t, n)


def two_sided(t: Array, freedom: Array | int) -> Array:
    """p of |t| under Student's t."""
    return np.asarray(2 * special.stdtr(freedom, -t))


def rejected_by_holm(t: Array, freedom: int, level: float) -> float:
    """The smallest |t| that Holm's correction rejects at a level; +∞ where it rejects none.

    t: (tests,) of one family with the same degrees of freedom, so that p falls as |t| rises and few p are needed: where
    the last p of a block passes the strictest bound in it, the whole block passes.
    """
    falling, count = np.sort(t)[::-1], len(t)
    starts = np.arange(0, count, BLOCK)
    lasts = np.minimum(starts + BLOCK, count) - 1
    unsure = starts[(count - starts) * two_sided(falling[lasts], freedom) >= level]
    passed = count
    for start in unsure.tolist():
        block = two_sided(falling[start : start + BLOCK], freedom)
        failed = (count - start - np.arange(len(block))) * block >= level
        if failed.any():
            passed = start + int(np.argmax(failed))
            break
    return float(falling[passed - 1]) if passed else np.inf


def _complete(columns: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean, squares about it, and n of the differences; columns: (seeds, entries), all finite."""
    entries = columns.shape[1]
    mean, squares = np.zeros((entries, entries)), np.zeros((entries, entries))
    for column in columns:
        mean += np.subtract.outer(column, column)
    mean /= max(len(columns), 1)
    for column in columns:
        residual = np.subtract.outer(column, column)
        residual -= mean
        squares += np.square(residual, out=residual)
    return mean, squares, np.full((entries, entries), len(columns))


def _with_holes(columns: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """The same where seeds are missing."""
    entries = columns.shape[1]
    mean, squares = np.zeros((entries, entries)), np.zeros((entries, entries))
    n = np.zeros((entries, entries), dtype=np.int64)
    with np.errstate(invalid="ignore"):
        for column in columns:
            difference = np.subtract.outer(column, column)
            known = ~np.isnan(difference)
            n += known
            np.add(mean, difference, out=mean, where=known)
        mean = mean / np.where(n == 0, np.nan, n)
        for column in columns:
            residual = np.subtract.outer(column, column) - mean
            np.add(squares, np.square(residual), out=squares, where=~np.isnan(residual))
    return mean, squares, n
