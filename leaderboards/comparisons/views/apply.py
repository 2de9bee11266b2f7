"""Where a schedule's gain comes from: from drawing λ where it does, or from the weight that this amounts to.

The same schedule is run twice (protocol 7): drawing λ from p, and drawing λ from the baseline with the loss weighted by
p / p_baseline, which has the same expected gradient. Seed by seed, on the comparison scale,

    sample − baseline  =  (weight − baseline)  +  (sample − weight)
    total                 the weight               where samples go

each with its interval (`leaderboards.statistics.verdicts`). In ratios the parts multiply; for a metric that is
compared by differences they add.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np

from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.effect import Effect
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet

WEIGHT = " [weight]"


@dataclass(frozen=True)
class Parts:
    """The gain of one schedule over the baseline and its two parts, over the seeds that all three runs have.

    entry:    label of the one that samples; target: a cell, or "all"
    total:    sampled against baseline; weight: weighted against baseline; sampling: sampled against weighted
    """

    entry: str
    target: str
    seeds: int
    total: Effect
    weight: Effect
    sampling: Effect

    @property
    def verdict(self) -> str:
        """What the intervals show."""
        if isnan(self.total.low):
            return "too few seeds to say"
        shown = {
            (1, 1): "both help",
            (1, 0): "the weight helps; where samples go is not told apart from none",
            (0, 1): "where samples go helps; the weight is not told apart from none",
            (1, -1): "the weight helps, where samples go harms",
            (-1, 1): "where samples go helps, the weight harms",
            (-1, -1): "both harm",
            (-1, 0): "the weight harms; where samples go is not told apart from none",
            (0, -1): "where samples go harms; the weight is not told apart from none",
            (0, 0): "neither is told apart from none",
        }
        return shown[self.weight.better, self.sampling.better]


@dataclass(frozen=True)
class SampleOrWeight:
    """Every schedule that was applied both ways, in each cell and over all cells that have all three runs."""

    rows: tuple[Parts, ...]
    notes: tuple[str, ...] = ()


def sample_or_weight(panel: Panel) -> SampleOrWeight:
    """Take the gain of each schedule apart; no rows without the baseline, or without a schedule applied both ways."""
    pairs = {label: weighted(label) for label in panel.labels if weighted(label) in panel.labels}
    rows = []
    for sampled, by_weight in pairs.items():
        both = [cell for cell in panel.cells if {sampled, by_weight, panel.baseline} <= set(panel.cell(cell).labels)]
        rows += [_parts(panel.cell(cell), sampled, by_weight) for cell in both]
        if len(both) > 1:
            rows.append(_parts(panel.only(both), sampled, by_weight))
    notes = list(panel.notes)
    if not rows:
        notes.append(f"no schedule was run both with --apply sample and with --apply weight beside {panel.baseline}")
    alone = sorted(label for label in panel.labels if WEIGHT in label and label not in pairs.values())
    if alone:
        notes.append(f"only run with --apply weight: {', '.join(alone)}")
    return SampleOrWeight(tuple(rows), tuple(notes))


def weighted(label: str) -> str:
    """The label of the same entry applied as a weight."""
    return label + WEIGHT


def _parts(part: Panel, sampled: str, by_weight: str) -> Parts:
    at = [part.labels.index(label) for label in (sampled, by_weight, part.baseline)]
    costs = np.where(np.isfinite(part.pooled[at]).all(axis=0), part.pooled[at], np.nan)
    verdicts, (sample, weight, baseline) = part.verdicts.again(at, costs), range(3)
    total, of_weight, sampling = (
        Effect.of(verdicts, *pair, part.scale) for pair in ((sample, baseline), (weight, baseline), (sample, weight))
    )
    return Parts(
        entry=sampled,
        target=part.cells[0] if len(part.cells) == 1 else ALL_TARGETS,
        seeds=total.n,
        total=total,
        weight=of_weight,
        sampling=sampling,
    )


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """How much of each schedule's gain is its weight, and how much where samples go."""
    panel = panel_of(tables, track, choice)
    parts = sample_or_weight(panel)
    if not parts.rows:
        return Report((), (), parts.notes)
    headers = ["entry", "target", "seeds", f"total vs {panel.baseline}", "the weight", "where samples go", "verdict"]
    rows = [
        [row.entry, row.target, str(row.seeds), row.total.text, row.weight.text, row.sampling.text, row.verdict]
        for row in parts.rows
    ]
    joined = "multiply" if panel.scale.logarithmic else "add"
    return Report(
        (sheet(f"{track} · {panel.metric.title} · sample against weight", headers, rows, names=[0, 1, 6]),),
        tuple(_record(row) for row in parts.rows),
        (
            f"the weight: the same schedule applied as a loss weight, against {panel.baseline}; where samples go:"
            f" sampled against weighted; the two {joined} to the total. Paired by seed, 95 % intervals.",
            *(f"note: {note}" for note in parts.notes),
        ),
    )


def _record(row: Parts) -> dict[str, object]:
    parts: dict[str, Effect] = {"total": row.total, "weight": row.weight, "sampling": row.sampling}
    figures = {
        f"{name}{suffix}": value
        for name, part in parts.items()
        for suffix, value in (("", part.value), ("_low", part.low), ("_high", part.high), ("_p", part.p))
    }
    return {"entry": row.entry, "target": row.target, "seeds": row.seeds, **figures, "verdict": row.verdict}
