"""The one place where two entries of a board are told apart, or are not: p, intervals and ranks all come from here.

    differences   paired by seed, on the comparison scale
    variance      moderated by what is known of the track's noise (`moderation`), unless an entry is erratic; the prior
                  of a pair lies at s₀² (mᵢ + mⱼ) / 2, m being how much its entries scatter (`noise.levels`)
    p             t = d̄ √n / s̃ with ν₀ + ν degrees of freedom; for an erratic entry, the larger of that and ordinary p
    family        all pairs of the section, or one entry against every other; Holm-corrected
    interval      95 % of one difference by itself, from the same variance; for an erratic entry the wider of the two

A pair that shares two seeds has an interval by ordinary t and is not tested.

In simulations of nine kinds of noise, 2 to 81 entries and 3 to 20 seeds (`tests/benchmarks/error_rates.py`, 888 rows of
200 to 1,000 boards, none beyond its limits) the family-wise error was 6.4 % at most, which the simulation does not tell
from 5 %, and 0.5 to 3 % on average; for one entry against every other 7 % at most; intervals covered 94 % or more, also
those of the noisiest tenth of the entries, and 96 to 97 % on average. One entry with three or ten times the noise of
its equals, the worst that moderation can meet, made it 8.5 % at most among four or more, and 10.4 % between two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboards.statistics.erratic import LEVEL, beyond, chance, level_alone
from leaderboards.statistics.moderation import Prior, moderate
from leaderboards.statistics.noise import FEWEST_SEEDS, BoardNoise, Noise, over_cells, scatter, share
from leaderboards.statistics.pairs import Pairs, pairs
from leaderboards.statistics.student_t import CONFIDENCE, Array, holm

SIGNIFICANCE = 0.05
SAME = log(1.05)
"""Two entries whose interval lies within ± 5 % are the same for practical purposes."""


class Moderation(NamedTuple):
    """By what the variances of a section are moderated.

    prior:   of the variance of a paired difference
    levels:  (…, entries) how much each entry scatters, over what is usual; the prior of a pair lies at the mean of both
    erratic: (…, entries) whose variances are not moderated
    """

    prior: Prior
    levels: Array
    erratic: NDArray[np.bool_]

    def of(self, entries: Sequence[int]) -> Moderation:
        """The same of some entries, in that order; of one section."""
        return Moderation(self.prior, self.levels[list(entries)], self.erratic[list(entries)])


@dataclass(frozen=True)
class Verdicts:
    """What the runs of one section say of each two entries; matrices are (entries, entries), row − column.

    pairs:    mean differences in cost, their variances and numbers of seeds
    half:     half the width of the 95 % interval of a difference; NaN where there is none
    p_holm:   corrected over the family; NaN for a pair that is not in it; symmetric
    by:       what the variances are moderated by
    focus:    the entry whose comparisons are the family; None for all pairs
    """

    pairs: Pairs
    half: Array
    p_holm: Array
    by: Moderation
    focus: int | None = None

    @property
    def erratic(self) -> NDArray[np.bool_]:
        """(entries,) whose variances are not moderated."""
        return self.by.erratic

    @property
    def mean(self) -> Array:
        """Mean differences in cost, row − column; lower is better."""
        return self.pairs.mean

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """Which pairs are told apart."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.p_holm < SIGNIFICANCE)

    @cached_property
    def better(self) -> NDArray[np.bool_]:
        """Whether the row is shown to be better than the column."""
        return np.asarray(self.told & (self.mean < 0))

    @cached_property
    def same(self) -> NDArray[np.bool_]:
        """Which pairs' intervals lie within ± 5 %; for costs that are logarithms."""
        with np.errstate(invalid="ignore"):
            inside = np.abs(self.mean) + self.half <= SAME
        np.fill_diagonal(inside, False)
        return np.asarray(inside)

    @property
    def tests(self) -> int:
        """Number of tests in the family."""
        return int(np.isfinite(self.p_holm).sum()) // 2

    def p(self, first: int, second: int) -> float:
        """Of one pair by itself, not corrected."""
        return float(compared(*self._alone(first, second))[1][0])

    def noise(self, first: int, second: int) -> tuple[float, float]:
        """Standard deviation of one difference of a pair, and the degrees of freedom that are known beforehand."""
        section, by = self._alone(first, second)
        variance = section.variance[0, 1]
        prior = Prior(by.prior.freedom, by.prior.variance * by.levels.mean())
        own, spread = (float(np.sqrt(v)) for v in (variance, moderate(variance, section.n[0, 1] - 1, prior)[0]))
        moderated = prior.freedom > 0 and not by.erratic.any()
        return (spread, float(prior.freedom)) if moderated else (max(own, spread), 0.0)

    def of(self, entries: Sequence[int]) -> Verdicts:
        """The same of some entries, in that order: what is tested, and corrected for, stays."""
        at, grid = list(entries), np.ix_(entries, entries)
        focus = at.index(self.focus) if self.focus in at else None
        return Verdicts(self.pairs.of(at), self.half[grid], self.p_holm[grid], self.by.of(at), focus)

    def again(self, entries: Sequence[int], costs: Array) -> Verdicts:
        """Of some entries, from costs that leave out some seeds; all their pairs are a family.

        costs: (entries, seeds)
        """
        return verdicts(pairs(costs), self.by.of(entries))

    def _alone(self, first: int, second: int) -> tuple[Pairs, Moderation]:
        return self.pairs.of([first, second]), self.by.of([first, second])


def verdicts(section: Pairs, by: Moderation, focus: int | None = None) -> Verdicts:
    """The verdicts of one section.

    by:    what its variances are moderated by
    focus: test this entry against every other; None tests all pairs
    """
    entries = section.mean.shape[-1]
    first, second = np.triu_indices(entries, k=1)
    half, p = compared(section, by, every=False)
    in_family = np.isfinite(p) & (True if focus is None else (first == focus) | (second == focus))
    if (p[in_family] == 1).sum() < 1 / SIGNIFICANCE:
        p = compared(section, by)[1]
    whole_half, whole_p = (np.full((entries, entries), np.nan) for _ in range(2))
    for matrix, values in ((whole_half, half), (whole_p, holm(np.where(in_family, p, np.nan)))):
        matrix[first, second] = matrix[second, first] = values
    mean = section.mean.copy()
    np.fill_diagonal(mean, np.nan)
    return Verdicts(Pairs(mean, section.variance, section.n), whole_half, whole_p, by, focus)


def erratic_in(cells: Sequence[Pairs], board_noise: BoardNoise) -> list[NDArray[np.bool_]]:
    """(…, entries) for each cell, then over several of them: whose variances are not moderated."""

    def over(out: NDArray[np.bool_]) -> tuple[Array, Array]:
        shares = over_cells([scatter(cell, out) for cell in cells], board_noise.sections)
        return shares.own, chance(*shares, board_noise.everywhere)

    def within(cell: Pairs, noise: Noise, out: NDArray[np.bool_]) -> tuple[Array, Array]:
        own = scatter(cell, out)
        shares = share(own, noise)
        return shares, chance(shares, own.freedom, noise.own)

    everywhere = beyond(over, LEVEL, np.zeros(cells[0].mean.shape[:-1], dtype=bool))
    return [
        *(
            beyond(partial(within, cell, noise), level_alone(scatter(cell).freedom), everywhere)
            for cell, noise in zip(cells, board_noise.sections, strict=False)
        ),
        everywhere,
    ]


def compared(section: Pairs, by: Moderation, every: bool = True) -> tuple[Array, Array]:
    """Half widths of the 95 % intervals and p, of each pair i < j as `triu_indices` lists them: (…, pairs) each.

    every: work out every p; else one that is above 5 % is given as 1, which no correction of many tests tells from it
    """
    first, second = np.triu_indices(section.mean.shape[-1], k=1)
    mean, variance = section.mean[..., first, second], section.variance[..., first, second]
    n = section.n[..., first, second]
    judged, same = n >= FEWEST_SEEDS, (mean == 0) & (variance == 0)
    alone = by.erratic[..., first] | by.erratic[..., second]
    centre = by.prior.variance[..., None] * (by.levels[..., first] + by.levels[..., second]) / 2
    error, quantile, freedom = _of(variance, n, Prior(by.prior.freedom[..., None], centre))
    half, p = quantile * error, np.ones_like(mean)
    wanted = judged if every else judged & (np.abs(mean) > half)
    p[wanted] = _two_sided(mean[wanted], error[wanted], freedom[wanted])
    error, quantile, freedom = _of(variance, n, Prior(np.zeros(1), np.ones(1)))
    half = np.where(alone | ~judged, np.where(judged, np.fmax(half, quantile * error), quantile * error), half)
    wanted = wanted & alone
    p[wanted] = np.maximum(p[wanted], _two_sided(mean[wanted], error[wanted], freedom[wanted]))
    return np.where(same, 0.0, half), np.where(judged, np.where(same, 1.0, p), np.nan)


def _of(variance: Array, n: NDArray[np.int64], prior: Prior) -> tuple[Array, Array, Array]:
    """Standard error of the mean, the 97.5 % quantile of its t, and the degrees of freedom."""
    moderated, freedom = moderate(variance, np.maximum(n - 1, 0), prior)
    counts = np.arange(n.max(initial=1) + 1)
    table = special.stdtrit(np.maximum(prior.freedom + counts - 1, 1), (1 + CONFIDENCE) / 2)
    quantile = np.take_along_axis(np.broadcast_to(table, (*n.shape[:-1], len(counts))), n, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(moderated / n), np.where(n < 2, np.nan, quantile), freedom


def _two_sided(mean: Array, error: Array, freedom: Array) -> Array:
    """p of a mean under Student's t."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * special.stdtr(freedom, -np.abs(mean) / error))
