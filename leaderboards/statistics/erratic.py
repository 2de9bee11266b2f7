"""Entries whose scatter over seeds is beyond what the others lead to expect: such are not moderated.

Moderation takes an entry's noise as one of a kind. One with ten times the noise of its neighbours would borrow their
calm, and be told from them by luck in up to half of all repetitions. So each entry's own variance is tested against
those of the others. It comes from the variances of pairs; where all have the same seeds, it is that of the two-way
table entry × seed:

    vᵢ = (meanⱼ s²ᵢⱼ − ½ meanⱼₖ s²ⱼₖ) / (1 − 1/E)  =  Σₛ (cᵢₛ − c̄ᵢ − c̄ₛ + c̄)² / ((n − 1)(1 − 1/E)),    s²ᵢᵢ = 0

expected to be half of s₀², a pair's. F = vᵢ / (½ s₀² r), with r and the lower degrees of freedom of a prior of its
own, fitted to the entries' vᵢ / ½ s₀². An entry is erratic where F is beyond chance

    averaged over the cells of the board:   at 5 %, in every section
    in one cell:                            at 2 / (E ν), in that cell

At 2 / (E ν) luck alone finds one entry of a cell with three seeds, and fewer with more.

Pairs with an erratic entry take the larger of the moderated and the ordinary p, and the wider interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from leaderboards.statistics.moderation import ENDLESS, Prior
from leaderboards.statistics.student_t import Array

LEVEL = 0.05


def own_variances(variances: ArrayLike) -> Array:
    """(…, entries): each entry's own variance over seeds, from those of its pairs; NaN for one without pairs.

    variances: (…, entries, entries), symmetric, NaN where a pair shares too few seeds
    """
    variances = np.array(variances, dtype=np.float64)
    there = np.arange(variances.shape[-1])
    variances[..., there, there] = np.nan
    alone = np.isnan(variances).all(axis=-1)
    variances[..., there, there] = np.where(alone, np.nan, 0.0)
    present = ~np.isnan(variances)
    filled = np.where(present, variances, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_each = filled.sum(axis=-1) / present.sum(axis=-1)
        of_all = filled.sum(axis=(-2, -1)) / present.sum(axis=(-2, -1))
        count = (~alone).sum(axis=-1, keepdims=True)
        own = (of_each - of_all[..., None] / 2) / (1 - 1 / count)
    return np.maximum(own, 0.0)


def chance(shares: ArrayLike, freedom: ArrayLike, prior: Prior) -> Array:
    """P(F > v / s₀²) with ν and ν₀ degrees of freedom; 1 where nothing is known.

    shares, freedom: (…, entries); prior: (…)
    """
    shares, below = np.asarray(shares, dtype=np.float64), prior.freedom[..., None]
    f, above = shares / prior.variance[..., None], np.asarray(freedom, dtype=np.float64)
    p = special.fdtrc(above, np.clip(below, 1e-3, ENDLESS), f)
    return np.where((below > 0) & ~np.isnan(p), p, 1.0)


def level_alone(freedom: Array) -> Array:
    """The level in one cell, 2 / (E ν). freedom: (…, entries), 0 for an entry that is not there"""
    entries = (freedom > 0).sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.where(freedom > 0, 2 / (entries * freedom), 0.0)


def beyond(
    without: Callable[[NDArray[np.bool_]], tuple[Array, Array]], level: Array | float, wild: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which entries are beyond chance, and still are when those that scatter more are left out.

    What one entry scatters goes into the residuals of all: among few, a very wild one makes the others look erratic.

    without: of which entries are out → shares and p of the others, (…, entries) each, NaN and 1 for those that are out
    wild:    (…, entries) that are erratic already
    """
    level = np.asarray(level, dtype=np.float64)
    suspects, out = without(np.zeros_like(wild))[1] < level, wild.copy()
    while True:
        shares, p = without(out)
        suspects &= (p < level) & ~out
        if not suspects.any():
            return np.asarray(out)
        worst = np.where(suspects, shares, 0.0).max(axis=-1, keepdims=True)
        out |= suspects & (shares >= worst / 2)
