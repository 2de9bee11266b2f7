"""The board's own judge, asked which entries are as good as the best, which are worse, and of which nothing is known.

    within   the whole 95 % interval of the entry's ratio to the best lies below 1.05
    worse    told apart from the best, and not within
    unknown  neither

The family of tests is all pairs, as on the board of the same runs; an interval is that of one difference by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, nan

import numpy as np

from harness import tracks
from harness.metrics.registry import METRICS
from leaderboards.boards.judge import Judge
from leaderboards.boards.query import noise_of
from leaderboards.data import scores, selection
from leaderboards.data.scale import Scale
from leaderboards.data.tables import Tables
from leaderboards.statistics.noise import FEWEST_SEEDS
from leaderboards.statistics.verdicts import SAME, Verdicts

WITHIN, WORSE, UNKNOWN = "within", "worse", "unknown"


def _signed(percent: float) -> str:
    """Whole per cent; nothing has no sign."""
    return f"{percent:+.0f}".replace("-", "−") if abs(percent) >= 0.5 else "0"


@dataclass(frozen=True)
class Effect:
    """Score of the first over that of the second, with its 95 % interval; below 1 the first is better.

    told: whether they are told apart
    """

    ratio: float
    low: float
    high: float
    told: bool

    @property
    def better(self) -> bool:
        return self.told and self.ratio < 1

    def __str__(self) -> str:
        change, low, high = (_signed(100 * (ratio - 1)) for ratio in (self.ratio, self.low, self.high))
        return f"{change} % [{low}, {high}]" if np.isfinite([self.low, self.high]).all() else f"{change} %"


@dataclass(frozen=True)
class Judged:
    """The entries that were compared.

    labels:   in the order of their scores, best first
    means:    geometric, at each entry's best guidance, with 95 % intervals over seeds
    seeds:    that every entry has
    best:     the label that the lists are about
    switched: whether it is another one than the search chose, because it was shown better
    by:       what variances are moderated by; "" where nothing
    """

    labels: tuple[str, ...]
    means: dict[str, tuple[float, float, float]]
    seeds: int
    best: str
    switched: bool
    by: str
    verdicts: Verdicts

    def effect(self, first: str, second: str) -> Effect:
        """The first over the second."""
        i, j = self.labels.index(first), self.labels.index(second)
        mean, half = float(self.verdicts.mean[i, j]), float(self.verdicts.half[i, j])
        if i == j:
            return Effect(1.0, 1.0, 1.0, False)
        return Effect(exp(mean), exp(mean - half), exp(mean + half), bool(self.verdicts.told[i, j]))

    def verdict(self, label: str) -> str:
        """In which of the three lists an entry is; the best one is within."""
        return verdict_of(self.effect(label, self.best)) if label != self.best else WITHIN

    def listed(self, verdict: str) -> list[str]:
        """The entries of a list, best first."""
        return [label for label in self.labels if self.verdict(label) == verdict]


def verdict_of(effect: Effect) -> str:
    """The list of an entry, by its score over that of the best."""
    if np.isfinite(effect.high) and log(effect.high) <= SAME:
        return WITHIN
    return WORSE if effect.told and effect.ratio > 1 else UNKNOWN


def runs_of(tables: Tables, target: str, labels: Iterable[str], seeds: range) -> Tables:
    """The runs of some entries on one target, with these seeds."""
    runs = tables.runs
    return tables.where(runs["entry"].isin(list(labels)) & (runs["target"] == target) & runs["seed"].isin(list(seeds)))


def judged(tables: Tables, track: str, target: str, labels: Sequence[str], seeds: range, best: str) -> Judged:
    """The verdicts on some entries of a track.

    tables: the track's runs and what they scored
    labels: of entries; those without a run on every seed that the others have take part with what they have
    seeds:  that count
    best:   what the search chose
    """
    metric = METRICS[tracks.get(track).primary_metric]
    chosen = selection.select(runs_of(tables, target, labels, seeds), track, [metric.name], baseline=best)
    scale = Scale.of(metric)
    cell = scores.cell_scores(chosen, metric.name, "best", scale)
    costs = scores.costs(cell, scale)
    names = [str(name) for name in cell.values.index]
    noise = noise_of(track)
    priors = noise.of(metric.name, "best") if noise else None
    judge = Judge.of({target: (names, [int(seed) for seed in cell.values.columns], costs)}, priors, None)
    with np.errstate(all="ignore"):
        order = sorted(range(len(names)), key=lambda at: _worst_last(costs[at]))
    ordered = [names[at] for at in order]
    verdicts = judge.verdicts([target], ordered)
    means = {names[at]: _interval(costs[at], scale) for at in order}
    top, switched = chosen_best(ordered, verdicts, best)
    whole = int(np.isfinite(costs).sum(axis=1).min()) if len(costs) else 0
    return Judged(tuple(ordered), means, whole, top, switched, judge.moderated_by, verdicts)


def chosen_best(ordered: Sequence[str], verdicts: Verdicts, best: str) -> tuple[str, bool]:
    """What the search chose, unless entries are shown to be better: then the first of those; and whether that is so."""
    if best not in ordered:
        return ordered[0], True
    better = [label for at, label in enumerate(ordered) if verdicts.better[at, ordered.index(best)]]
    return (better[0], True) if better else (best, False)


def _worst_last(costs: np.ndarray) -> float:
    mean = float(np.nanmean(costs)) if np.isfinite(costs).any() else np.inf
    return mean if np.isfinite(mean) else np.inf


def _interval(costs: np.ndarray, scale: Scale) -> tuple[float, float, float]:
    from leaderboards.statistics.student_t import student

    interval = student(costs)
    ends = [scale.sign * float(value) for value in (interval.mean, interval.low, interval.high)]
    if not np.isfinite(ends[0]):
        return nan, nan, nan
    middle, *both = (float(scale.back(np.asarray(value))) for value in ends)
    return middle, min(both), max(both)


def enough(judgement: Judged) -> bool:
    """Whether there are seeds enough to judge by."""
    return judgement.seeds >= FEWEST_SEEDS
