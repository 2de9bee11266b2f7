"""Every pair of rows of a matrix, seed by seed, without an array of pairs × seeds: means, variances, counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboards.statistics.student_t import Array

ROWS = 16
"""Rows at a time: what they need of a thousand entries stays in the processor's cache."""


class Pairs(NamedTuple):
    """Differences row − column over the seeds that both have; (…, entries, entries) each.

    mean:     NaN where a pair shares no seed
    variance: n − 1 in the denominator; NaN where a pair shares fewer than two seeds
    n:        number of shared seeds
    """

    mean: Array
    variance: Array
    n: NDArray[np.int64]

    def of(self, entries: list[int]) -> Pairs:
        """The same of some entries, in that order; of one matrix."""
        grid = np.ix_(entries, entries)
        return Pairs(self.mean[grid], self.variance[grid], self.n[grid])


def pairs(costs: Array) -> Pairs:
    """Every row against every other. costs: (…, entries, seeds), NaN = missing."""
    columns, entries = np.ascontiguousarray(np.moveaxis(costs, -1, 0)), costs.shape[-2]
    moments = _complete if np.isfinite(costs).all() else _with_holes
    shape = (*costs.shape[:-2], entries, entries)
    mean, variance, n = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for start in range(0, entries, ROWS):
        rows, others = slice(start, start + ROWS), slice(start, None)
        middle, squares, count = moments(columns[..., rows, None], columns[..., None, others])
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.where(count < 2, np.nan, squares / (count - 1))
        for matrix, part, sign in ((mean, middle, -1), (variance, spread, 1), (n, count, 1)):
            matrix[..., others, rows] = sign * np.swapaxes(part, -2, -1)
            matrix[..., rows, others] = part
    return Pairs(mean, variance, n)


def _complete(some: Array, others: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean, squares about it, and n of the differences some − others; (seeds, …) each, all finite."""
    shape = np.broadcast_shapes(some.shape[1:], others.shape[1:])
    mean, squares = np.zeros(shape), np.zeros(shape)
    for costs, other in zip(some, others, strict=True):
        mean += costs - other
    mean /= max(len(some), 1)
    for costs, other in zip(some, others, strict=True):
        residual = costs - other
        residual -= mean
        squares += np.square(residual, out=residual)
    return mean, squares, np.full(shape, len(some))


def _with_holes(some: Array, others: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """The same where seeds are missing."""
    shape = np.broadcast_shapes(some.shape[1:], others.shape[1:])
    mean, squares, n = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        for costs, other in zip(some, others, strict=True):
            difference = costs - other
            present = ~np.isnan(difference)
            n += present
            np.add(mean, difference, out=mean, where=present)
        mean = mean / np.where(n == 0, np.nan, n)
        for costs, other in zip(some, others, strict=True):
            residual = costs - other - mean
            np.add(squares, np.square(residual), out=squares, where=~np.isnan(residual))
    return mean, squares, n
