"""From the scores of one cell, or of a pool of cells, to ranked rows: a small function for each group of columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from leaderboards.boards import entry_facts as facts_
from leaderboards.boards.curves import Reaches
from leaderboards.boards.rows import Row, Section
from leaderboards.data.scale import MetricLike, Scale
from leaderboards.data.scores import Guidance, Scores, costs
from leaderboards.statistics import improvement, speedup
from leaderboards.statistics.ranking import ranks
from leaderboards.statistics.student_t import Array, holm, median, p_value, pairing_gain, student

SATURATION = 1.1
"""A distance within this factor of its floor is saturated: it no longer tells a better model from a luckier one."""

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Setting:
    """What all sections of a board have in common.

    guidance: None for a metric that has none
    """

    metric: MetricLike
    guidance: Guidance | None
    floor: float | None
    baseline: str

    @property
    def scale(self) -> Scale:
        return Scale.of(self.metric)


def section(
    setting: Setting,
    title: str,
    cells: Mapping[str, Scores],
    scores: Scores,
    reached: Reaches,
    facts: pd.DataFrame,
) -> Section:
    """Rows, best first, and notes.

    title:   the section's name: that target, or "all"
    cells:   target → scores that the section is over
    scores:  the cell's, or those of the pool
    reached: label → seed → when it reached the baseline's final score
    facts:   label → who it is, as `leaderboards.boards.entry_facts` gives it
    """
    comparable = costs(scores, setting.scale)
    columns: Columns = {
        **_facts(setting, title, scores, facts),
        **_standing(scores, comparable),
        **_score(setting, scores),
        **_against_baseline(setting, scores, comparable),
        **_improvement(setting, scores, cells),
        **_speedups(setting, scores, reached),
    }
    rows = [Row(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]
    rows.sort(key=lambda row: _order(row, setting.scale))
    return Section(title, tuple(cells), tuple(rows), _notes(setting, rows, scores))


def _facts(setting: Setting, title: str, scores: Scores, facts: pd.DataFrame) -> Columns:
    """Who each row is."""
    facts = facts.loc[scores.values.index]
    count = len(facts)
    return {
        "entry": facts.index.tolist(),
        **{name: facts[name].astype(str).tolist() for name in facts_.TEXTS},
        **{name: facts[name].astype(float).tolist() for name in ("trials", "tuning_seconds", "seconds")},
        "tuned": facts["tuned"].astype(bool).tolist(),
        "baseline": [label == setting.baseline for label in facts.index],
        "target": [title] * count,
        "metric": [setting.metric.name] * count,
        "guidance": [setting.guidance] * count,
        "guidance_scale": [None if isnan(scale) else scale for scale in scores.guidance.astype(float)],
    }


def _standing(scores: Scores, comparable: Array) -> Columns:
    """Rank, seeds, and how many of them diverged."""
    seeds, diverged = scores.values.notna().sum(axis=1).to_numpy(), scores.diverged.to_numpy()
    return {"rank": ranks(comparable, diverged > 0), "seeds": seeds.tolist(), "diverged": diverged.tolist()}


def _score(setting: Setting, scores: Scores) -> Columns:
    """The metric itself, over seeds; the worst there is where a run diverged."""
    values = scores.values.to_numpy(dtype=float)
    finite = student(np.where(np.isinf(values), nan, values))
    lost = scores.diverged.to_numpy() > 0
    mean = np.where(lost, setting.scale.worst, finite.mean)
    return {
        "mean": mean.tolist(),
        "median": median(values).tolist(),
        "ci_low": np.where(lost, nan, finite.low).tolist(),
        "ci_high": np.where(lost, nan, finite.high).tolist(),
        "floor": [setting.floor] * len(mean),
        "saturated": [_saturated(score, setting) for score in mean],
        "values": [
            {
                int(seed): float(score)
                for seed, score in zip(scores.values.columns, row, strict=True)
                if not isnan(score)
            }
            for row in values
        ],
    }


def _saturated(mean: float, setting: Setting) -> bool:
    """Within reach of the floor, which only a metric that falls can be; that of an unbiased one may be negative."""
    if setting.floor is None or setting.metric.better != "lower":
        return False
    return bool(mean <= max(setting.floor, SATURATION * setting.floor))


def _against_baseline(setting: Setting, scores: Scores, comparable: Array) -> Columns:
    """Paired comparison to the baseline by seed: as a ratio or as a difference, whichever the metric is compared by."""
    labels = scores.values.index
    is_baseline = np.asarray(labels == setting.baseline)
    reference = comparable[is_baseline][0] if is_baseline.any() else np.full(comparable.shape[1], nan)
    differences = setting.scale.sign * (comparable - reference)
    estimate = student(differences)
    exact = is_baseline & (estimate.n > 0)
    bounds = [np.where(exact, 0.0, bound) for bound in (estimate.mean, estimate.low, estimate.high)]
    effect = [setting.scale.back(bound).tolist() for bound in bounds]
    nothing = [[nan] * len(labels)] * 3
    ratio, difference = (effect, nothing) if setting.scale.logarithmic else (nothing, effect)
    gain = pairing_gain(comparable, reference)
    return {
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True)),
        **dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True)),
        "pairs": estimate.n.tolist(),
        "p_holm": holm(np.where(is_baseline, nan, p_value(differences))).tolist(),
        "noise_paired": np.where(is_baseline, nan, gain.paired).tolist(),
        "noise_unpaired": np.where(is_baseline, nan, gain.unpaired).tolist(),
    }


def _improvement(setting: Setting, scores: Scores, cells: Mapping[str, Scores]) -> Columns:
    """P(a run of the entry beats a run of the baseline), the mean over cells; as sure as in one cell alone.

    Cells share their seeds, so more cells need not make it surer than one; the interval takes them as one.
    """
    labels, name = scores.values.index, setting.baseline
    shares, counts = np.full((len(cells), len(labels)), nan), np.zeros((len(cells), len(labels)))
    of_baseline = []
    for place, cell in enumerate(cells.values()):
        costs_ = setting.scale.sign * cell.values.reindex(labels).to_numpy(dtype=float)
        counts[place] = (~np.isnan(costs_)).sum(axis=1)
        if name in cell.values.index:
            reference = setting.scale.sign * cell.values.loc[name].to_numpy(dtype=float)
            shares[place] = improvement.probability(costs_, reference)
            of_baseline.append(int((~np.isnan(reference)).sum()))
    found = np.where(labels == name, nan, shares.mean(axis=0))
    low, high = improvement.interval(found, counts.min(axis=0), min(of_baseline, default=0))
    return {"improvement": found.tolist(), "improvement_low": low.tolist(), "improvement_high": high.tolist()}


def _speedups(setting: Setting, scores: Scores, reached: Reaches) -> Columns:
    """Steps to the baseline's final score."""

    labels, lost = scores.values.index.tolist(), scores.diverged.tolist()
    found = speedup.all_over_seeds([list(reached.get(label, {}).values()) for label in labels])
    for place, (label, count) in enumerate(zip(labels, lost, strict=True)):
        if count:
            found[place] = speedup.DIVERGED
        elif label == setting.baseline:
            found[place] = speedup.BASELINE
    return {
        "speedup": [each.value for each in found],
        "speedup_low": [each.low for each in found],
        "speedup_high": [each.high for each in found],
        "speedup_note": [each.note for each in found],
    }


def _order(row: Row, scale: Scale) -> tuple[Any, ...]:
    """Best first: ranked entries by rank and mean, then those without a rank, diverged ones at the end."""
    cost = scale.sign * row.mean
    return (row.diverged > 0, row.rank is None, row.rank or 0, inf if isnan(cost) else cost, row.entry)


def _notes(setting: Setting, rows: list[Row], scores: Scores) -> tuple[str, ...]:
    """What a reader of these rows must know."""
    notes = []
    baseline = next((row for row in rows if row.baseline), None)
    if baseline is None:
        notes.append(f"no run of the baseline {setting.baseline} here, so no ratios and no speed-ups")
    elif baseline.diverged:
        notes.append(f"the baseline {setting.baseline} diverged, so there are no ratios and no speed-ups")
    single = [row.entry for row in rows if row.seeds < 2 and not row.diverged]
    if single:
        who = "every entry" if len(single) == len(rows) else ", ".join(single)
        notes.append(f"one seed of {who}: no interval and no rank")
    if scores.unchosen:
        notes.append(f"no validation scores, so scored unguided: {', '.join(scores.unchosen)}")
    finished = [row for row in rows if not row.diverged]
    if setting.scale.logarithmic and (undefined := [row.entry for row in finished if min(row.values.values()) <= 0]):
        notes.append(f"a score of zero or less has no ratio: {', '.join(undefined)}")
    return tuple(notes)
