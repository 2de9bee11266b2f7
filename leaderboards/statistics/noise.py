"""What a board's runs know of its noise: the priors by which variances of few seeds are moderated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboards.statistics.erratic import own_variances
from leaderboards.statistics.moderation import Prior, fit, moderate
from leaderboards.statistics.pairs import Pairs
from leaderboards.statistics.student_t import Array

FEWEST_SEEDS = 3
"""Seeds that a pair must share to be judged: with two, nothing shows an erratic entry."""
FEWEST_PAIRS = 100
"""Pairs that a prior is fitted to at least, which is 15 entries. With ten, of two families that share their noise, one
board in fourteen told equal entries apart (`tests/benchmarks/error_rates.py`)."""


class Noise(NamedTuple):
    """What is known of a section's noise.

    pairs: of the variance of a paired difference
    own:   of an entry's own variance, as a share of half of that
    """

    pairs: Prior
    own: Prior


@dataclass(frozen=True)
class BoardNoise:
    """What is known of a board's noise.

    sections:   of each section: the cells, then what is over several of them
    everywhere: of an entry's own variance, as a share of half of a pair's, averaged over the cells
    """

    sections: tuple[Noise, ...]
    everywhere: Prior


NOTHING = Prior(np.asarray(0.0), np.asarray(1.0))
UNKNOWN = Noise(NOTHING, NOTHING)


class Scatter(NamedTuple):
    """Each entry's own variance over seeds in a section, NaN where there is none, and its degrees of freedom."""

    own: Array
    freedom: Array


def scatter(section: Pairs, out: NDArray[np.bool_] | None = None) -> Scatter:
    """From the pairs that share three seeds; the degrees of freedom are those of an entry's pairs, on average.

    out: (…, entries) that are left out
    """
    variances = _enough(section)
    if out is not None and out.any():
        variances = np.where(out[..., None] | out[..., None, :], np.nan, variances)
    enough = ~np.isnan(variances)
    with np.errstate(invalid="ignore"):
        freedom = np.sum(section.n - 1, axis=-1, where=enough) / enough.sum(axis=-1)
    return Scatter(own_variances(variances), np.nan_to_num(freedom))


def everywhere(cells: Sequence[Scatter], noises: Sequence[Noise]) -> Prior:
    """The prior of an entry's own variance, averaged over the cells of a board."""
    shares = over_cells(cells, noises)
    return fit(*shares, shares.own.shape[-1], careful=False)


def over_cells(cells: Sequence[Scatter], noises: Sequence[Noise]) -> Scatter:
    """Own variances as shares of half of a pair's, averaged over the cells of which something is known."""
    parts = [(share(cell, noise), cell.freedom) for cell, noise in zip(cells, noises, strict=False)]
    weights = [np.where(np.isnan(shares), 0.0, freedom) for shares, freedom in parts]
    total = np.sum(weights, axis=0)
    with np.errstate(invalid="ignore"):
        weighed = [np.nan_to_num(shares) * w for (shares, _), w in zip(parts, weights, strict=True)]
        return Scatter(np.sum(weighed, axis=0) / total, total)


def levels(cells: Sequence[Scatter], board_noise: BoardNoise) -> Array:
    """How much each entry scatters, over what is usual: its variance over the cells, moderated by that of the entries.

    mᵢ = (ν₀ r + ν vᵢ) / (ν₀ + ν) / r,    r and ν₀ of the prior of own variances; 1 where nothing is known
    """
    own, freedom = over_cells(cells, board_noise.sections)
    prior = board_noise.everywhere
    moderated, _ = moderate(own, freedom, Prior(prior.freedom[..., None], prior.variance[..., None]))
    ratio = moderated / prior.variance[..., None]
    return np.where((prior.freedom[..., None] > 0) & np.isfinite(ratio), ratio, 1.0)


def share(scatter: Scatter, noise: Noise) -> Array:
    """(…, entries): own variance as a share of half of a pair's; NaN where nothing is known of pairs."""
    half = np.where(noise.pairs.freedom > 0, noise.pairs.variance / 2, np.nan)
    return np.asarray(scatter.own / half[..., None])


def section_noise(section: Pairs, scatter: Scatter) -> Noise:
    """The priors that a section gives itself; `UNKNOWN` where fewer than 100 pairs share three seeds."""
    first, second = np.triu_indices(section.mean.shape[-1], k=1)
    n = section.n[..., first, second]
    variances = np.where(n >= FEWEST_SEEDS, section.variance[..., first, second], np.nan)
    many = (variances > 0).sum(axis=-1) >= FEWEST_PAIRS
    if not np.any(many):
        return UNKNOWN
    entries = (~np.isnan(scatter.own)).sum(axis=-1)
    pairs = fit(variances, np.maximum(n - 1, 1), entries)
    pairs = Prior(np.where(many, pairs.freedom, 0.0), pairs.variance)
    shares = share(scatter, Noise(pairs, NOTHING))
    return Noise(pairs, fit(shares, np.maximum(scatter.freedom, 1), entries, careful=False))


def _enough(section: Pairs) -> Array:
    """The variances of pairs that share three seeds."""
    variances = np.where(section.n >= FEWEST_SEEDS, section.variance, np.nan)
    there = np.arange(variances.shape[-1])
    variances[..., there, there] = np.nan
    return variances
