"""Entries that no other one beats in every metric at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from harness import tracks
from harness.metrics.registry import METRICS
from leaderboards.comparisons import score_array
from leaderboards.comparisons.choice import EVERYTHING, Choice, panel_of, selected
from leaderboards.comparisons.score_array import Panel
from leaderboards.data import cost
from leaderboards.data.scale import MetricLike
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet
from leaderboards.statistics.student_t import Array, holm, student
from leaderboards.statistics.verdicts import SIGNIFICANCE
from leaderboards.wording import with_interval
from schedules.errors import unknown


@dataclass(frozen=True)
class Pareto:
    """The front over several metrics.

    means, low, high: (entries, metrics) over seeds in each metric's unit, averaged over cells within each seed
    front:            (entries,) no entry is at least as good in every metric and better in one, by means
    dominated_by:     entry → those that are, for entries off the front
    shown:            (entries,) some entry is shown to be better in every metric (`shown_dominated`)
    """

    labels: tuple[str, ...]
    metrics: tuple[str, ...]
    means: Array
    low: Array
    high: Array
    front: NDArray[np.bool_]
    dominated_by: dict[str, tuple[str, ...]]
    shown: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def pareto(panels: Mapping[str, Panel]) -> Pareto | None:
    """The Pareto front; None where no entry finished with a score in every metric, or there are no metrics.

    panels: metric → its panel over the same cells
    """
    blocks = {name: panel.block() for name, panel in panels.items()}
    if not blocks:
        return None
    cells = {block.cells for block in blocks.values()}
    if len(cells) > 1:
        shared = set.intersection(*(set(names) for names in cells))
        blocks = {name: panel.only(shared) for name, panel in panels.items()}
    everyone = sorted(set().union(*(panel.labels for panel in panels.values())))
    pooled = {name: dict(zip(block.labels, block.pooled, strict=True)) for name, block in blocks.items()}
    labels = [
        label for label in everyone if all(label in rows and np.isfinite(rows[label]).any() for rows in pooled.values())
    ]
    if not labels:
        return None
    seeds = sorted(set.union(*(set(block.seeds) for block in blocks.values())))
    costs = np.full((len(labels), len(blocks), len(seeds)), np.nan)
    for place, (name, block) in enumerate(blocks.items()):
        at = [seeds.index(seed) for seed in block.seeds]
        costs[:, place, at] = np.stack([pooled[name][label] for label in labels])
    scales = [block.scale for block in blocks.values()]
    values = np.stack([scale.back(scale.sign * costs[:, i]) for i, scale in enumerate(scales)], axis=1)
    estimate, beaten = student(values), dominates(student(costs).mean)
    gone = [label for label in everyone if label not in labels]
    notes = [note for block in blocks.values() for note in block.notes]
    notes += [f"without a finished score in every metric: {', '.join(gone)}"] if gone else []
    return Pareto(
        labels=tuple(labels),
        metrics=tuple(blocks),
        means=estimate.mean,
        low=estimate.low,
        high=estimate.high,
        front=np.asarray(~beaten.any(axis=0)),
        dominated_by={
            label: tuple(labels[i] for i in np.flatnonzero(beaten[:, place]))
            for place, label in enumerate(labels)
            if beaten[:, place].any()
        },
        shown=shown_dominated(costs),
        notes=tuple(dict.fromkeys(notes)),
    )


def dominates(costs: ArrayLike) -> NDArray[np.bool_]:
    """(entries, entries): the row is at least as good as the column in every metric, and better in one.

    costs: (entries, metrics), lower is better
    """
    costs = np.asarray(costs, dtype=np.float64)
    rows, columns = costs[:, None], costs[None]
    return np.asarray((rows <= columns).all(axis=-1) & (rows < columns).any(axis=-1))


def shown_dominated(costs: ArrayLike) -> NDArray[np.bool_]:
    """(entries,): whether some entry is shown to be better in every metric.

    Better in all of them is shown at 5 % where each one-sided paired t-test is: the intersection–union test, whose p is
    the largest of them (Berger 1982, Technometrics 24, 295–300). Holm over all ordered pairs of entries.

    costs: (entries, metrics, seeds), lower is better, NaN = missing
    """
    costs = np.asarray(costs, dtype=np.float64)
    differences = costs[:, None] - costs[None]
    mean, _, _, sd, n = student(differences)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean * np.sqrt(n) / sd
    p = np.where(n < 2, np.nan, stats.t.cdf(t, np.maximum(n - 1, 1))).max(axis=-1)
    np.fill_diagonal(p, np.nan)
    return np.asarray((holm(p) < SIGNIFICANCE).any(axis=0))


PARETO_METRICS = ("fd", "recall", "nll", "seconds")


@dataclass(frozen=True)
class Seconds:
    """Seconds of a run, as a metric that entries can be compared by."""

    name: str
    title: str = "Training time"
    unit: str = "s"
    better: str = "lower"
    compare: str = "ratio"


def pareto_of(
    tables: Tables, track: str, choice: Choice = EVERYTHING, metrics: tuple[str, ...] = PARETO_METRICS
) -> Pareto | None:
    """The Pareto front of several metrics, those of them that were recorded; "seconds" is the time of training.

    "fd" stands for the Fréchet distance by the name that it has on the track.

    Seconds are left out, and a note says so, where runs of several machines meet. UserError for an unknown metric.
    """
    recorded = tables.metrics
    panels: dict[str, Panel] = {}
    notes: list[str] = []
    for name in metrics:
        name = tracks.get(track).evaluation.distance if name == "fd" else name
        if name == "seconds":
            chosen = selected(tables, track, choice, cost.SECONDS)
            mixed = cost.machines_note(chosen.scores)
            notes += mixed
            if cost.SECONDS[0] in recorded and not mixed:
                metric: MetricLike = Seconds(cost.SECONDS[0])
                panels[name] = score_array.panel(chosen, track=track, metric=metric, target=choice.target)
        elif name not in METRICS:
            raise unknown("metric", name, [*METRICS, "seconds"])
        elif name in recorded:
            panels[name] = panel_of(tables, track, replace(choice, metric=name))
        else:
            notes.append(f"{name} was not recorded")
    front = pareto(panels)
    return front if front is None else replace(front, notes=tuple(dict.fromkeys((*front.notes, *notes))))


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """The Pareto front of distance, recall, likelihood and time."""
    front = pareto_of(tables, track, choice)
    if front is None:
        return Report((), (), ("no entry finished with a score in every metric",))
    order = sorted(range(len(front.labels)), key=lambda i: (not front.front[i], front.means[i, 0]))
    rows, records = [], []
    for i in order:
        values = list(zip(front.means[i], front.low[i], front.high[i], strict=True))
        beaten = front.dominated_by.get(front.labels[i], ())
        says = "front" if front.front[i] else f"behind {len(beaten)}{', shown' if front.shown[i] else ''}"
        rows.append([front.labels[i], *(with_interval(*value) for value in values), says])
        figures = {name: float(value[0]) for name, value in zip(front.metrics, values, strict=True)}
        records.append(
            {
                "entry": front.labels[i],
                **figures,
                "front": bool(front.front[i]),
                "shown": bool(front.shown[i]),
                "dominated_by": list(beaten),
            }
        )
    notes = (
        "front: no other entry is as good in every metric and better in one, by means. shown: some entry is shown to be"
        " better in every metric (paired t, intersection–union, Holm).",
        *(f"note: {note}" for note in front.notes),
    )
    shown = sheet(f"{track} · Pareto front", ["entry", *front.metrics, ""], rows, names=[0, 1 + len(front.metrics)])
    return Report((shown,), tuple(records), notes)
