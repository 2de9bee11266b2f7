"""From the scores of one cell, or of a pool of cells, to ranked rows: a small function for each group of columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards.boards import entry_facts as facts_
from leaderboards.boards.curves import Reaches
from leaderboards.boards.rows import Row, Section
from leaderboards.data.scale import MetricLike, Scale
from leaderboards.data.scores import Guidance, Scores, costs
from leaderboards.statistics import improvement, power, speedup
from leaderboards.statistics.ranking import standings
from leaderboards.statistics.student_t import Array, median, pairing_gain, student
from leaderboards.statistics.verdicts import SIGNIFICANCE, Verdicts

SATURATION = 1.1
"""A distance within this factor of its floor is saturated: it no longer tells a better model from a luckier one."""

SHORT = 12
"""Rows up to which a table says in words what its marks say."""

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
    focus: str | None = None

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
    verdicts: Verdicts,
) -> Section:
    """Rows, best first, and notes.

    title:    the section's name: that target, or "all"
    cells:    target → scores that the section is over
    scores:   the cell's, or those of the pool
    reached:  label → seed → when it reached the baseline's final score
    facts:    label → who it is, as `leaderboards.boards.entry_facts` gives it
    verdicts: of the entries, in the order of the scores
    """
    comparable = costs(scores, setting.scale)
    columns: Columns = {
        **_facts(setting, title, scores, facts),
        **_standing(scores, comparable, verdicts),
        **_score(setting, scores),
        **_against_baseline(setting, scores, comparable, verdicts),
        **_verdicts(setting, scores, verdicts),
        **_improvement(setting, scores, cells),
        **_speedups(setting, scores, reached),
    }
    rows = [Row(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]
    rows.sort(key=lambda row: _order(row, setting.scale))
    labels = scores.values.index
    return Section(
        title,
        tuple(cells),
        tuple(rows),
        (*_notes(setting, rows, scores), *_too_erratic(setting, rows, verdicts, labels)),
        entries=len(labels),
        tests=verdicts.tests,
        told_apart=int(verdicts.told.sum()) // 2,
        same=int(verdicts.same.sum()) // 2 if setting.scale.logarithmic else 0,
        erratic=tuple(str(label) for label in labels[verdicts.erratic]),
    )


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


def _standing(scores: Scores, comparable: Array, verdicts: Verdicts) -> Columns:
    """Rank and its interval, seeds, and how many of them diverged."""
    seeds, diverged = scores.values.notna().sum(axis=1).to_numpy(), scores.diverged.to_numpy()
    ranking = standings(verdicts, comparable, diverged > 0)
    ranks = zip(*(bounds or (None, None, None) for bounds in ranking), strict=True)
    return {
        **dict(zip(("rank", "rank_low", "rank_high"), map(list, ranks), strict=True)),
        "seeds": seeds.tolist(),
        "diverged": diverged.tolist(),
    }


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


def _against_baseline(setting: Setting, scores: Scores, comparable: Array, verdicts: Verdicts) -> Columns:
    """Paired comparison to the baseline by seed: as a ratio or as a difference, whichever the metric is compared by."""
    labels = scores.values.index
    is_baseline = np.asarray(labels == setting.baseline)
    reference = comparable[is_baseline][0] if is_baseline.any() else np.full(comparable.shape[1], nan)
    mean, half, shared = _to(verdicts, setting.baseline, labels)
    to_focus = _to(verdicts, setting.focus or "", labels)[:2]
    has_scores = np.isfinite(comparable).any(axis=1)
    effect = _effects(setting.scale, mean, half, is_baseline & has_scores)
    nothing = [[nan] * len(labels)] * 3
    ratio, difference = (effect, nothing) if setting.scale.logarithmic else (nothing, effect)
    gain = pairing_gain(comparable, reference)
    return {
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True)),
        **dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True)),
        **dict(
            zip(
                ("focus_effect", "focus_low", "focus_high"),
                _effects(setting.scale, *to_focus, np.asarray(labels == setting.focus) & has_scores),
                strict=True,
            )
        ),
        "pairs": np.where(is_baseline, np.isfinite(comparable).sum(axis=1), shared).tolist(),
        "noise_paired": np.where(is_baseline, nan, gain.paired).tolist(),
        "noise_unpaired": np.where(is_baseline, nan, gain.unpaired).tolist(),
    }


def _effects(scale: Scale, mean: Array, half: Array, exact: NDArray[np.bool_]) -> list[list[float]]:
    """Ratios or differences of scores, and the bounds of their intervals. exact: of an entry against itself"""
    sides = (mean, mean - scale.sign * half, mean + scale.sign * half)
    return [scale.back(scale.sign * np.where(exact, 0.0, side)).tolist() for side in sides]


def _to(verdicts: Verdicts, reference: str, labels: pd.Index[str]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean difference in cost to an entry, half the width of its interval, shared seeds; NaN and 0 without it."""
    if reference not in labels:
        return np.full(len(labels), nan), np.full(len(labels), nan), np.zeros(len(labels), dtype=np.int64)
    at = labels.get_loc(reference)
    return verdicts.mean[:, at], verdicts.half[:, at], verdicts.pairs.n[:, at]


def _verdicts(setting: Setting, scores: Scores, verdicts: Verdicts) -> Columns:
    """What the family of tests says of each entry and the one that p is against."""
    labels = scores.values.index
    count, reference = len(labels), setting.focus or setting.baseline
    p, told, same = np.full(count, nan), np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if reference in labels:
        at = labels.get_loc(reference)
        p, told, same = verdicts.p_holm[:, at], verdicts.told[:, at], verdicts.same[:, at]
    return {
        "p_holm": p.tolist(),
        "told_apart": told.tolist(),
        "same": (same & setting.scale.logarithmic).tolist(),
        "erratic": verdicts.erratic.tolist(),
        "family": [family(setting.focus, verdicts.tests)] * count,
    }


def family(focus: str | None, tests: int) -> str:
    """The family of tests in words: "all pairs (3,240 tests)"."""
    of = "all pairs" if focus is None else f"{focus} against every other"
    return f"{of} ({tests:,} test{'' if tests == 1 else 's'})"


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
    probabilities = np.where(labels == name, nan, shares.mean(axis=0))
    low, high = improvement.interval(probabilities, counts.min(axis=0), min(of_baseline, default=0))
    return {"improvement": probabilities.tolist(), "improvement_low": low.tolist(), "improvement_high": high.tolist()}


def _speedups(setting: Setting, scores: Scores, reached: Reaches) -> Columns:
    """Steps to the baseline's final score."""

    labels, lost = scores.values.index.tolist(), scores.diverged.tolist()
    estimates = speedup.all_over_seeds([list(reached.get(label, {}).values()) for label in labels])
    for place, (label, count) in enumerate(zip(labels, lost, strict=True)):
        if count:
            estimates[place] = speedup.DIVERGED
        elif label == setting.baseline:
            estimates[place] = speedup.BASELINE
    return {
        "speedup": [estimate.value for estimate in estimates],
        "speedup_low": [estimate.low for estimate in estimates],
        "speedup_high": [estimate.high for estimate in estimates],
        "speedup_note": [estimate.note for estimate in estimates],
    }


def _order(row: Row, scale: Scale) -> tuple[Any, ...]:
    """Best first: ranked entries by rank and mean, then those without a rank, diverged ones at the end."""
    cost = scale.sign * row.mean
    return (row.diverged > 0, row.rank is None, row.rank or 0, inf if isnan(cost) else cost, row.entry)


def _too_erratic(setting: Setting, rows: list[Row], verdicts: Verdicts, labels: pd.Index[str]) -> list[str]:
    """Of a short table, which entries are not told apart for their own noise, and how many seeds would do."""
    reference = setting.focus or setting.baseline
    if len(rows) > SHORT or reference not in labels:
        return []
    names = labels.tolist()
    notes, to = [], names.index(reference)
    for row in rows:
        at = names.index(row.entry)
        if at == to or row.told_apart or not (verdicts.erratic[at] or verdicts.erratic[to]) or isnan(row.p_holm):
            continue
        who = row.entry if verdicts.erratic[at] else reference
        spread, freedom = verdicts.noise(at, to)
        needed = power.seeds_needed(
            abs(float(verdicts.mean[at, to])) / spread, SIGNIFICANCE / max(1, verdicts.tests), known=freedom
        )
        enough = f"{max(needed, row.seeds)} seeds should do" if needed else f"{power.MOST_SEEDS} seeds would not do"
        notes.append(
            f"{row.entry} is not told from {reference}, as {who} scatters more over seeds than the others;"
            f" {enough}, if the difference is the one seen"
        )
    return notes


def _notes(setting: Setting, rows: list[Row], scores: Scores) -> tuple[str, ...]:
    """What a reader of these rows must know."""
    notes = []
    baseline = next((row for row in rows if row.baseline), None)
    if baseline is None:
        notes.append(f"no run of the baseline {setting.baseline} here, so no ratios and no speed-ups")
    elif baseline.diverged:
        notes.append(f"the baseline {setting.baseline} diverged, so there are no ratios and no speed-ups")
    for seeds, lacks in ((1, "no interval and no rank"), (2, "no rank, as two show nothing of an entry's own noise")):
        few = [row.entry for row in rows if row.seeds == seeds and not row.diverged and row.rank is None]
        if few:
            who = "every entry" if len(few) == len(rows) else ", ".join(few)
            notes.append(f"{'one seed' if seeds == 1 else 'two seeds'} of {who}: {lacks}")
    if scores.unchosen:
        notes.append(f"no validation scores, so scored unguided: {', '.join(scores.unchosen)}")
    finished = [row for row in rows if not row.diverged]
    if setting.scale.logarithmic and (undefined := [row.entry for row in finished if min(row.values.values()) <= 0]):
        notes.append(f"a score of zero or less has no ratio: {', '.join(undefined)}")
    return tuple(notes)
