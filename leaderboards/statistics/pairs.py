"""The paired t-test of every pair of rows of a matrix, seed by seed, without an array of pairs × seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboards.statistics.student_t import Array

BLOCK = 256
"""Tests whose p are worked out at a time."""
ROWS = 16
"""Rows at a time: what they need of a thousand entries stays in the processor's cache."""


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
    columns, entries = np.ascontiguousarray(costs.T), len(costs)
    moments = _complete if np.isfinite(costs).all() else _with_holes
    mean, t = np.zeros((entries, entries)), np.zeros((entries, entries))
    n = np.zeros((entries, entries), dtype=np.int64)
    for start in range(0, entries, ROWS):
        rows, others = slice(start, start + ROWS), slice(start, None)
        middle, squares, count = moments(columns[:, rows], columns[:, others])
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.abs(middle) * np.sqrt(count) / np.sqrt(squares / (count - 1))
        size[(middle == 0) & (squares == 0)] = 0.0
        for matrix, part, sign in ((mean, middle, -1), (t, size, 1), (n, count, 1)):
            matrix[others, rows] = sign * part.T
            matrix[rows, others] = part
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


def _complete(some: Array, others: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean, squares about it, and n of the differences some − others; (seeds, entries) each, all finite."""
    shape = (some.shape[1], others.shape[1])
    mean, squares = np.zeros(shape), np.zeros(shape)
    for one, other in zip(some, others, strict=True):
        mean += np.subtract.outer(one, other)
    mean /= max(len(some), 1)
    for one, other in zip(some, others, strict=True):
        residual = np.subtract.outer(one, other)
        residual -= mean
        squares += np.square(residual, out=residual)
    return mean, squares, np.full(shape, len(some))


def _with_holes(some: Array, others: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """The same where seeds are missing."""
    shape = (some.shape[1], others.shape[1])
    mean, squares, n = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        for one, other in zip(some, others, strict=True):
            difference = np.subtract.outer(one, other)
            known = ~np.isnan(difference)
            n += known
            np.add(mean, difference, out=mean, where=known)
        mean = mean / np.where(n == 0, np.nan, n)
        for one, other in zip(some, others, strict=True):
            residual = np.subtract.outer(one, other) - mean
            np.add(squares, np.square(residual), out=squares, where=~np.isnan(residual))
    return mean, squares, n
