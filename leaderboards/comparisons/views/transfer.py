"""Does the order of entries hold elsewhere? Rank correlation between the orders of each two conditions.

A condition is a panel: a prediction target, a guidance scale, a fraction of the budget, a metric, a sampler grid or a
track. Kendall's τ_b compares two orders, because it says what a reader asks: (1 + τ)/2 of the pairs of entries stand in
the same order in both. Spearman's ρ weighs far moves by their square and has no such reading.

    τ of a seed   between the orders of that seed's runs in the two conditions, costs averaged over cells
    τ             tanh of the mean of z = atanh τ over seeds, with its t interval in z (Fisher); a perfect order counts
                  as half a pair short of it, |τ| ≤ 1 − 1/m for m pairs. Where all seeds agree exactly there is τ and no
                  interval: no spread to make one from
    diagonal      the same condition with other seeds, over all pairs of seeds: what the noise of single runs alone
                  leaves of an order. A τ near the diagonal of its row and column is as high as it can be
    of means      τ between the orders of means over seeds, as boards show them; no interval

Both orders of a seed come from the same runs where the condition is a metric, a scale, a mark or a grid, and from
shared luck between targets: what a seed does to both conditions alike raises τ, at most by what the diagonal lacks
to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness import tracks
from harness.metrics.registry import METRICS
from leaderboards.comparisons.choice import EVERYTHING, Choice, panel_of, panels
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.scores import UNGUIDED
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet
from leaderboards.render.text_tables import Sheet
from leaderboards.statistics.order_agreement import tau_b
from leaderboards.statistics.student_t import Array, student
from leaderboards.wording import with_interval
from schedules.errors import unknown

LEADS, BEATS = "leads", "beats baseline"


@dataclass(frozen=True)
class OnlyWin:
    """An entry that leads, or is shown to beat the baseline, in one condition and in no other."""

    entry: str
    condition: str
    kind: str


@dataclass(frozen=True)
class Transfer:
    """How far an order of entries carries over.

    labels:         entries that are in every condition, without a diverged run
    tau, low, high: (conditions, conditions); NaN where it does not exist
    of_means:       (conditions, conditions)
    leaders:        condition → entry with the best mean
    only:           entries that win in exactly one condition
    """

    axis: str
    conditions: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: int
    tau: Array
    low: Array
    high: Array
    of_means: Array
    leaders: dict[str, str]
    only: tuple[OnlyWin, ...]
    notes: tuple[str, ...] = ()


def transfer(axis: str, conditions: Mapping[str, Panel]) -> Transfer | None:
    """Compare the orders of the entries that all conditions have; None below two conditions or two such entries.

    axis:       what the conditions differ in, for the reader
    conditions: name → panel; where they have cells in common, only those are averaged over
    """
    blocks = {name: panel.block() for name, panel in conditions.items()}
    shared = set.intersection(*(set(block.cells) for block in blocks.values())) if blocks else set()
    parts = {name: block.only(shared) if shared else block for name, block in blocks.items()}
    pooled = {name: _costs(part) for name, part in parts.items()}
    pooled = {name: rows for name, rows in pooled.items() if rows[0]}
    labels = sorted(set.intersection(*(set(rows[0]) for rows in pooled.values()))) if len(pooled) > 1 else []
    if len(labels) < 2:
        return None
    seeds = sorted(set.intersection(*(set(rows[1]) for rows in pooled.values())))
    costs = np.stack([_aligned(rows, labels, seeds) for rows in pooled.values()])
    whole = np.asarray(np.isfinite(costs).all(axis=(0, 1)))
    costs, names = costs[..., whole], tuple(pooled)
    seeds = [seed for seed, complete in zip(seeds, whole, strict=True) if complete]
    if not seeds:
        return None
    taus = _matrix(costs)
    everyone = {label for rows in pooled.values() for label in rows[0]}
    gone = sorted(everyone - set(labels))
    notes = [f"not in every {axis}, or diverged there: {', '.join(gone)}"] if gone else []
    means = costs.mean(axis=-1)
    leaders = {name: labels[int(np.argmin(row))] for name, row in zip(names, means, strict=True)}
    baselines = [panel.baseline for panel in conditions.values()]
    return Transfer(
        axis=axis,
        conditions=names,
        labels=tuple(labels),
        seeds=len(seeds),
        **taus,
        of_means=tau_b(means[:, None], means[None]),
        leaders=leaders,
        only=(*_only_leaders(leaders), *_only_better(names, labels, parts, baselines[0])),
        notes=tuple(notes),
    )


def fisher(taus: ArrayLike, pairs: int) -> tuple[float, float, float]:
    """Mean of τ over seeds with its t interval, both through z = atanh τ; by the rules at the top of this module.

    taus:  (seeds,)
    pairs: number of pairs of entries
    """
    taus = np.asarray(taus, dtype=np.float64)
    if np.ptp(taus) == 0 or np.isnan(taus).any():
        return float(taus[0]) if not np.isnan(taus).any() else float("nan"), float("nan"), float("nan")
    most = 1 - 1 / pairs
    estimate = student(np.arctanh(np.clip(taus, -most, most)))
    mean, low, high = (float(np.tanh(bound)) for bound in (estimate.mean, estimate.low, estimate.high))
    return mean, low, high


def _costs(block: Panel) -> tuple[dict[str, Array], tuple[int, ...]]:
    """label → (seeds,) cost averaged over cells, for entries without a diverged run; and the seeds."""
    pooled = block.pooled if block.cells else np.empty((0, 0))
    costs = {label: row for label, row in zip(block.labels, pooled, strict=False) if np.isfinite(row).any()}
    return costs, block.seeds


def _aligned(rows: tuple[dict[str, Array], tuple[int, ...]], labels: list[str], seeds: list[int]) -> Array:
    at = [rows[1].index(seed) for seed in seeds]
    return np.stack([rows[0][label][at] for label in labels])


def _matrix(costs: Array) -> dict[str, Array]:
    """τ and its bounds from (conditions, entries, seeds)."""
    count, entries, seeds = costs.shape
    pairs = entries * (entries - 1) // 2
    tau, low, high = (np.full((count, count), np.nan) for _ in range(3))
    for i, j in combinations(range(count), 2):
        estimate = fisher(tau_b(costs[i].T, costs[j].T), pairs)
        for matrix, value in zip((tau, low, high), estimate, strict=True):
            matrix[i, j] = matrix[j, i] = value
    for i in range(count):
        first, other = np.triu_indices(seeds, k=1)
        tau[i, i] = fisher(tau_b(costs[i].T[first], costs[i].T[other]), pairs)[0] if seeds > 1 else np.nan
    return {"tau": tau, "low": low, "high": high}


def _only_leaders(leaders: Mapping[str, str]) -> list[OnlyWin]:
    names = list(leaders.values())
    if len(set(names)) == 1:
        return []
    return [OnlyWin(entry, where, LEADS) for where, entry in leaders.items() if names.count(entry) == 1]


def _only_better(
    names: tuple[str, ...], labels: list[str], panels: Mapping[str, Panel], baseline: str
) -> list[OnlyWin]:
    """Entries that are shown to beat the baseline, as each condition's board judges, in one condition alone."""
    if baseline not in labels:
        return []
    won = np.stack([_better(panels[name], labels, baseline) for name in names])
    return [
        OnlyWin(labels[place], names[int(np.argmax(won[:, place]))], BEATS)
        for place in np.flatnonzero(won.sum(axis=0) == 1)
    ]


def _better(panel: Panel, labels: list[str], baseline: str) -> NDArray[np.bool_]:
    verdicts = panel.judge.verdicts(panel.cells, labels)
    return verdicts.better[:, labels.index(baseline)]


AXES = ("target", "guidance", "mark", "metric", "grid")
"""What the order of entries may or may not carry over, within a track."""
OWN_GRID = "fd_own_grid"


def transfer_of(tables: Tables, track: str, axis: str, choice: Choice = EVERYTHING) -> Transfer | None:
    """Whether the order of entries holds over one axis; None where there is only one condition.

    axis: "target", "guidance" (the track's scales, and best), "mark" (unguided, fractions of the budget), "metric" (all
          that were recorded, except standard errors), "grid" (unguided, on the track's λ grid and the schedule's own)

    UserError for another axis.
    """
    if axis not in AXES:
        raise unknown("axis", axis, AXES)
    return transfer(axis, _conditions(tables, track, axis, choice))


def transfer_over_tracks(
    of_tracks: Mapping[str, Tables],
    choice: Choice = EVERYTHING,
    shown: Mapping[str, tuple[str, ...] | None] | None = None,
) -> Transfer | None:
    """Whether the order of entries holds over tracks, each by its own primary metric unless the choice names one.

    of_tracks: track → its runs and scores. Seeds of two tracks share nothing but their number
    shown:  track → the entries to show of it, in place of the choice's

    UserError for a guidance scale or target that one of the tracks lacks.
    """
    by_track = {}
    for track, tables in of_tracks.items():
        keep = choice.keep if shown is None else shown.get(track)
        by_track[track] = panel_of(tables, track, replace(choice, keep=keep))
    return transfer("track", by_track)


def _conditions(tables: Tables, track: str, axis: str, choice: Choice) -> dict[str, Panel]:
    rules, recorded = tracks.get(track), tables.metrics
    if axis == "metric":
        ranked = [name for name, metric in METRICS.items() if metric.ranks and name in recorded]
        return {name: panel_of(tables, track, replace(choice, metric=name)) for name in ranked}
    if axis == "grid":
        names = {"the track's grid": rules.evaluation.distance, "own grid": OWN_GRID}
        unguided = replace(choice, guidance=UNGUIDED)
        return {
            name: panel_of(tables, track, replace(unguided, metric=metric))
            for name, metric in names.items()
            if metric in recorded
        }
    at = panels(tables, track, choice)
    whole = at(choice.guidance, 1.0)
    if axis == "target":
        return {cell: whole.cell(cell) for cell in whole.cells}
    if axis == "mark":
        guidance = choice.guidance if whole.guidance is None else UNGUIDED
        return {f"{mark:.0%} of budget": at(guidance, mark) for mark in rules.marks}
    if whole.guidance is None:
        return {}
    return {**{f"g = {scale:g}": at(scale, 1.0) for scale in rules.guidance}, "best g": at("best", 1.0)}


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """Rank correlations over prediction targets, guidance scales, budgets, metrics and sampler grids."""
    axes = [
        comparison for axis in AXES if (comparison := transfer_of(tables, track, axis, _over(choice, axis))) is not None
    ]
    if not axes:
        return Report((), (), ("no two conditions share two entries with a common seed",))
    return Report(
        sheets=tuple(_sheet(track, comparison) for comparison in axes),
        records=tuple(record for comparison in axes for record in _records(comparison)),
        notes=(
            "Kendall's τ_b between the orders of entries, mean over seeds with 95 % t interval through Fisher's z;"
            " (1 + τ)/2 of the pairs of entries stand in the same order.",
            "diagonal: the same condition with other seeds, what the noise of single runs leaves of an order.",
            "no interval: every seed has the same τ, or there is one seed.",
            *(line for comparison in axes for line in _only(comparison)),
            *(f"note ({comparison.axis}): {note}" for comparison in axes for note in comparison.notes),
        ),
    )


def _over(choice: Choice, axis: str) -> Choice:
    return replace(choice, target=None) if axis == "target" else choice


def _only(carried: Transfer) -> list[str]:
    says = {LEADS: "has the best mean", BEATS: "is shown to beat the baseline"}
    return [f"{win.entry} {says[win.kind]} only with {carried.axis} {win.condition}." for win in carried.only]


def _sheet(track: str, carried: Transfer) -> Sheet:
    rows = []
    for i, name in enumerate(carried.conditions):
        cells = [
            with_interval(carried.tau[i, j], carried.low[i, j], carried.high[i, j], most=2) if j <= i else ""
            for j in range(len(carried.conditions))
        ]
        rows.append([name, *cells, carried.leaders[name]])
    title = f"{track} · order of {len(carried.labels)} entries over {carried.axis}, {carried.seeds} seeds"
    return sheet(title, [carried.axis, *carried.conditions, "best"], rows, names=[0, len(carried.conditions) + 1])


def _records(carried: Transfer) -> list[dict[str, object]]:
    pairs = combinations_with_replacement(range(len(carried.conditions)), 2)
    return [
        {
            "axis": carried.axis,
            "first": carried.conditions[i],
            "second": carried.conditions[j],
            "tau": float(carried.tau[i, j]),
            "low": float(carried.low[i, j]),
            "high": float(carried.high[i, j]),
            "of_means": float(carried.of_means[i, j]) if i != j else np.nan,
            "entries": len(carried.labels),
            "seeds": carried.seeds,
            "only_first": [f"{win.entry} {win.kind}" for win in carried.only if win.condition == carried.conditions[i]],
        }
        for i, j in pairs
    ]
