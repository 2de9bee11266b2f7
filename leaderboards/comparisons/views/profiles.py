"""Performance profiles: how often an entry is within a factor of the best.

A problem is a cell and a seed (Dolan & Moré 2002, Mathematical Programming 91, 201–213):
r = score / best score of any entry in that cell with that seed, and

    ρ(τ) = share of problems with r ≤ τ

ρ(1) is how often the entry is best, the height far right how often it does not fail. For a metric that is compared by
differences, r is the difference to the best. The band is Student's t over the shares of each seed, because cells share
their seeds, cut at 0 and 1; where every seed gives the same share it has no width and says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import TOO_FEW, Report, percent, sheet, step
from leaderboards.statistics.student_t import Array, student

POINTS = 200


@dataclass(frozen=True)
class Profiles:
    """ρ(τ) of each entry; labels by the area above their curve, best first.

    tau:   (points,) ratios to the best, from 1, evenly spaced in logarithm; or differences, from 0
    share: (entries, points); low, high: its band, NaN with one seed
    pairs: number of problems, cells × seeds
    """

    labels: tuple[str, ...]
    tau: Array
    share: Array
    low: Array
    high: Array
    logarithmic: bool
    pairs: int
    seeds: int
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def profiles(panel: Panel, points: int = POINTS) -> Profiles | None:
    """Performance profiles of the complete block; None where it has fewer than two entries.

    τ runs to where every finished run is within it. A run that diverged is within no τ.
    """
    block = panel.complete()
    if len(block.labels) < 2 or not block.seeds:
        return None
    distance = distances(block)
    finite = distance[np.isfinite(distance)]
    steps = np.linspace(0, finite.max() if finite.size and finite.max() > 0 else 1.0, points)
    within = (distance[..., None] <= steps * (1 + 1e-12)).mean(axis=0)
    estimate = student(np.moveaxis(within, 1, -1))
    order = np.lexsort((block.labels, -estimate.mean.mean(axis=1)))
    return Profiles(
        labels=tuple(block.labels[place] for place in order),
        tau=block.scale.back(steps),
        share=estimate.mean[order],
        low=np.clip(estimate.low[order], 0, 1),
        high=np.clip(estimate.high[order], 0, 1),
        logarithmic=block.scale.logarithmic,
        pairs=len(block.cells) * len(block.seeds),
        seeds=len(block.seeds),
        cells=block.cells,
        notes=block.notes,
    )


def distances(block: Panel) -> Array:
    """(cells, entries, seeds): cost above the best entry of that cell and seed; ∞ where it diverged or has no ratio."""
    costs = block.scale.sign * block.scale.to(block.scores)
    costs = np.where(np.isnan(costs), np.inf, costs)
    best = costs.min(axis=1, keepdims=True)
    return np.where(np.isinf(costs), np.inf, costs - np.where(np.isinf(best), 0.0, best))


SHOWN_TAUS = 6


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """Share of cells and seeds within τ of the best."""
    panel = panel_of(tables, track, choice)
    curves = profiles(panel)
    if curves is None:
        return Report((), (), (TOO_FEW, *panel.notes))
    at = np.unique(np.linspace(0, len(curves.tau) - 1, SHOWN_TAUS).round().astype(int))
    headers = ["entry", "best", *(f"within {step(curves.tau[i], curves.logarithmic).lstrip('+')}" for i in at[1:])]
    rows = [[label, *(percent(share[i]) for i in at)] for label, share in zip(curves.labels, curves.share, strict=True)]
    records = [
        {"entry": label, "tau": float(tau), "share": float(s), "low": float(low), "high": float(high)}
        for label, *lines in zip(curves.labels, curves.share, curves.low, curves.high, strict=True)
        for tau, s, low, high in zip(curves.tau, *lines, strict=True)
    ]
    title = f"{track} · {panel.metric.title} · share of {curves.pairs} (cell, seed) pairs near the best"
    return Report((sheet(title, headers, rows),), tuple(records), tuple(f"note: {note}" for note in curves.notes))
