"""Judges the entries of a board: by which noise its variances are moderated, and what is told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leaderboards.data.track_noise import Priors
from leaderboards.statistics.noise import (
    FEWEST_PAIRS,
    FEWEST_SEEDS,
    UNKNOWN,
    BoardNoise,
    Noise,
    Scatter,
    everywhere,
    levels,
    scatter,
    section_noise,
)
from leaderboards.statistics.pairs import Pairs, pairs
from leaderboards.statistics.student_t import Array, pool_seeds
from leaderboards.statistics.verdicts import Moderation, Verdicts, erratic_in, verdicts

BOARD, TRACK, NONE = "board", "track", "none"
FEW = 4
"""Entries below which an erratic one may pass for a usual one (`tests/benchmarks/error_rates.py --wild`)."""


@dataclass(frozen=True)
class Judge:
    """Tells the entries of a board apart, in a cell or over several.

    cells:  prediction targets, all that have runs; labels: entries
    costs:  (cells, entries, seeds) on the comparison scale, lower is better; NaN = missing or diverged
    priors: what is known of the track's noise from its published runs
    focus:  test this entry against every other; None tests all pairs
    """

    cells: tuple[str, ...]
    labels: tuple[str, ...]
    costs: Array
    priors: Priors | None = None
    focus: str | None = None

    @classmethod
    def of(
        cls, scores: Mapping[str, tuple[Sequence[str], Sequence[int], Array]], priors: Priors | None, focus: str | None
    ) -> Judge:
        """From the costs of each cell, which need not have the same entries and seeds.

        scores: cell → its labels, seeds and costs (labels, seeds)
        """
        labels = sorted({label for names, _, _ in scores.values() for label in names})
        seeds = sorted({int(seed) for _, cell_seeds, _ in scores.values() for seed in cell_seeds})
        cube = np.full((len(scores), len(labels), len(seeds)), np.nan)
        for place, (names, cell_seeds, costs) in enumerate(scores.values()):
            at = np.ix_(np.searchsorted(labels, names), np.searchsorted(seeds, cell_seeds))
            cube[place][at] = costs
        return cls(tuple(scores), tuple(labels), cube, priors, focus)

    def verdicts(self, cells: Sequence[str], labels: Sequence[str] | None = None) -> Verdicts:
        """The verdicts in one cell, or over several, averaged within each seed. labels: in this order; default: all"""
        section = self._section(tuple(cell for cell in self.cells if cell in cells))
        return section if labels is None else section.of([self.labels.index(label) for label in labels])

    @cached_property
    def source(self) -> str:
        """Whose noise the variances are moderated by: the board's own, the track's, or no one's."""
        if min((_count(paired) for paired in self._pairs), default=0) >= FEWEST_PAIRS:
            return BOARD
        if self.priors is not None and self.priors.knows(self.cells):
            return TRACK
        return BOARD if any(noise is not UNKNOWN for noise in self._own) else NONE

    @cached_property
    def moderated_by(self) -> str:
        """The source in words; "" where variances are not moderated."""
        if self.source == TRACK and self.priors is not None:
            return f"{self.priors.runs:,} published runs of the track"
        return "this board" if self.source == BOARD else ""

    @property
    def notes(self) -> list[str]:
        """What a reader must know of so few entries."""
        if self.source != TRACK or len(self.labels) >= FEW:
            return []
        return [
            f"{len(self.labels)} entries, judged by the track's noise: one that scatters far more than the track's"
            " others may not be noticed, and then one pair in ten is told apart by luck"
        ]

    @cached_property
    def _kept(self) -> dict[tuple[str, ...], Verdicts]:
        return {}

    @cached_property
    def _pairs(self) -> list[Pairs]:
        return [pairs(costs) for costs in self.costs]

    @cached_property
    def _scatters(self) -> list[Scatter]:
        return [scatter(paired) for paired in self._pairs]

    @cached_property
    def _own(self) -> list[Noise]:
        return [section_noise(*both) for both in zip(self._pairs, self._scatters, strict=True)]

    @cached_property
    def _noise(self) -> BoardNoise:
        """Of the cells."""
        if self.source == TRACK and self.priors is not None:
            return self.priors.noise(self.cells)
        return BoardNoise(tuple(self._own), everywhere(self._scatters, self._own))

    @cached_property
    def _erratic(self) -> list[NDArray[np.bool_]]:
        """Of each cell, then over several."""
        return erratic_in(self._pairs, self._noise)

    @cached_property
    def _levels(self) -> Array:
        """How much each entry scatters, over what is usual."""
        return levels(self._scatters, self._noise)

    def _section(self, cells: tuple[str, ...]) -> Verdicts:
        if cells not in self._kept:
            self._kept[cells] = self._judged(cells)
        return self._kept[cells]

    def _judged(self, cells: tuple[str, ...]) -> Verdicts:
        at = [self.cells.index(cell) for cell in cells]
        focus = self.labels.index(self.focus) if self.focus in self.labels else None
        if len(at) == 1:
            prior = self._noise.sections[at[0]].pairs
            return verdicts(self._pairs[at[0]], Moderation(prior, self._levels, self._erratic[at[0]]), focus)
        paired = pairs(pool_seeds(np.swapaxes(self.costs[at], 0, 1)))
        if self.source == TRACK and self.priors is not None:
            noise = self.priors.section(cells)
        else:
            noise = section_noise(paired, scatter(paired))
        return verdicts(paired, Moderation(noise.pairs, self._levels, self._erratic[-1]), focus)


def _count(paired: Pairs) -> int:
    """Pairs that share three seeds."""
    return int((np.triu(paired.n, k=1) >= FEWEST_SEEDS).sum())
