"""Untuned against tuned (protocol 5): what tuning gained each schedule, on the reported seeds, and what it cost.

Untuned is called `published` in names and in JSON. It has the parameters of its own spec and the registry's defaults
for the rest, which are not always a paper's choice: `cosine_scaled` has s = 1, which is cosine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import pandas as pd

import schedules
from leaderboards.boards import entry_facts
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.boards.tuned_entries import as_published, fairness_notes
from leaderboards.boards.tuned_parameters import HEAD, in_trainers, of_entry, space_notes
from leaderboards.comparisons.choice import EVERYTHING, Choice, panel_of, selected
from leaderboards.comparisons.effect import Effect
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import Report, sheet
from leaderboards.statistics.student_t import student
from leaderboards.wording import NOTHING, with_interval
from schedules import UserError
from schedules.relatives import similarity

UNTUNED = "untuned: with the parameters in its name, and the registry's defaults for the rest"


@dataclass(frozen=True)
class Level:
    """A mean over seeds with its 95 % t interval, in the metric's unit; NaN where it does not exist."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TunedRow:
    """One schedule, untuned and tuned.

    schedule, entry: labels of the untuned and of the tuned entry
    target:          "all" over the targets that both were run on: a geometric mean for ratio metrics
    params:          the tuned parameters, a JSON object in a string; of each target for "all"
    tuned_from:      the spec that was tuned
    spec:            what the tuned runs trained with
    seeds:           that both have
    published, tuned: means over those seeds
    gain:            tuned / untuned (or difference), paired by seed
    trials, tuning_seconds: of the study; NaN where not recorded, the sum of the seconds for "all"
    """

    schedule: str
    entry: str
    target: str
    params: str
    tuned_from: str
    spec: str
    seeds: int
    published: Level
    tuned: Level
    gain: Effect
    trials: float
    tuning_seconds: float

    @property
    def gain_shown(self) -> bool:
        """Whether the interval of the gain holds only improvements."""
        return self.gain.better > 0

    @property
    def verdict(self) -> str:
        """What tuning did, in words."""
        if np.isnan(self.gain.low):
            return "too few seeds to say"
        if self.gain.better:
            return self.gain.text if self.gain_shown else f"worse: {self.gain.text}"
        return "no gain shown"


@dataclass(frozen=True)
class TunedTable:
    """Every schedule that was scored both ways, and what must be known to compare them."""

    rows: tuple[TunedRow, ...]
    notes: tuple[str, ...]


def tuned_table(panel: Panel, facts: Mapping[str, pd.DataFrame], notes: tuple[str, ...] = ()) -> TunedTable:
    """What tuning gained, in each cell, then over all that both entries were run on.

    facts: target (and "all") → facts of its entries (`leaderboards.boards.entry_facts`)
    notes: of `fairness_notes`
    """
    pairs = published_of(facts)
    rows = []
    for tuned, published in pairs.items():
        both = [cell for cell in panel.cells if {tuned, published} <= set(panel.cell(cell).labels)]
        for target in (*both, *([ALL_TARGETS] if len(both) > 1 else ())):
            rows.append(
                _row(panel.only(both) if target == ALL_TARGETS else panel.cell(target), tuned, published, facts)
            )
    alone = sorted({label for frame in facts.values() for label in frame.index[frame["tuned"]]} - set(pairs))
    missing = [f"not run untuned, so no gain to show: {', '.join(alone)}"] if alone else []
    spaces = space_notes((row.entry, row.params, row.tuned_from) for row in rows if row.target != ALL_TARGETS)
    return TunedTable(tuple(rows), (*notes, *_baseline_again(rows, facts, panel.baseline), *spaces, *missing))


def _baseline_again(rows: Sequence[TunedRow], facts: Mapping[str, pd.DataFrame], baseline: str) -> list[str]:
    """Which schedules are untuned the baseline's own density, so that their gain is over that."""
    again = []
    for label in dict.fromkeys(row.schedule for row in rows if row.schedule != baseline):
        specs = [cell["schedule"] for cell in facts.values() if {label, baseline} <= set(cell.index)]
        if specs and all(_same(str(of_label[label]), str(of_label[baseline])) for of_label in specs):
            again.append(f"{label} has, untuned, the very density of {baseline}: its gain is over that one")
    return again


def _same(spec: str, other: str) -> bool:
    try:
        one, two = schedules.parse(spec), schedules.parse(other)
    except UserError:
        return False  # a plugin's, which is not here
    return not one.learns and not two.learns and similarity.same(one, two)


def published_of(facts: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Label of a tuned entry → label of the same untuned, for those that have both.

    A tuned label says `@tuned` after the spec it was tuned from; weighting and application follow it in both.
    """
    labels = {label for cell in facts.values() for label in cell.index}
    pairs = {}
    for cell in facts.values():
        for label, source in cell["tuned_from"][cell["tuned"].astype(bool)].items():
            published = as_published(str(label), source)
            if source and published in labels:
                pairs[str(label)] = published
    return dict(sorted(pairs.items()))


def _row(panel: Panel, tuned: str, published: str, facts: Mapping[str, pd.DataFrame]) -> TunedRow:
    target = panel.cells[0] if len(panel.cells) == 1 else ALL_TARGETS
    costs = panel.pooled[[panel.labels.index(label) for label in (tuned, published)]]
    costs = np.where(np.isfinite(costs).all(axis=0), costs, nan)
    levels = [_level(row, panel) for row in costs]
    row_facts = facts[target].loc[tuned].to_dict()
    return TunedRow(
        schedule=published,
        entry=tuned,
        target=target,
        params=str(row_facts["params"]),
        tuned_from=str(row_facts["tuned_from"]),
        spec=str(row_facts["schedule"]),
        seeds=int(np.isfinite(costs[0]).sum()),
        published=levels[1],
        tuned=levels[0],
        gain=Effect.of(panel.verdicts, panel.labels.index(tuned), panel.labels.index(published), panel.scale),
        trials=float(row_facts["trials"]),
        tuning_seconds=float(row_facts["tuning_seconds"]),
    )


def _level(costs: np.ndarray, panel: Panel) -> Level:
    estimate = student(panel.scale.back(panel.scale.sign * costs))
    return Level(float(estimate.mean), float(estimate.low), float(estimate.high))


def tuned_table_of(tables: Tables, track: str, choice: Choice = EVERYTHING) -> TunedTable:
    """Untuned against tuned, in each cell of the choice and over them."""
    panel = panel_of(tables, track, choice)
    chosen = selected(tables, track, choice, [panel.metric.name])
    parts = {cell: chosen.of(cell) for cell in panel.cells}
    facts = {cell: entry_facts.of_cell(part.runs, part.scores) for cell, part in parts.items()}
    if facts:
        facts[ALL_TARGETS] = entry_facts.over_cells(facts)
    return tuned_table(panel, facts, (*panel.notes, *fairness_notes(chosen.runs, chosen.baseline)))


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """What tuning gained each schedule, and what it cost."""
    metric, table = panel_of(tables, track, choice).metric, tuned_table_of(tables, track, choice)
    if not table.rows:
        return Report((), (), ("no schedule was scored both untuned and tuned", *table.notes))
    headers = [
        "schedule",
        "target",
        "seeds",
        f"{metric.name}, untuned",
        "tuned",
        "gain",
        "trials",
        "min",
        "verdict",
        "tuned to",
    ]
    rows = [
        [
            row.schedule,
            row.target,
            str(row.seeds),
            with_interval(row.published.value, row.published.low, row.published.high),
            with_interval(row.tuned.value, row.tuned.low, row.tuned.high),
            row.gain.text,
            NOTHING if isnan(row.trials) else f"{row.trials:.0f}",
            NOTHING if isnan(row.tuning_seconds) else f"{row.tuning_seconds / 60:.0f}",
            row.verdict if row.gain.better <= 0 else "gain",
            NOTHING if row.target == ALL_TARGETS else of_entry(row.params, row.tuned_from, row.spec),
        ]
        for row in table.rows
    ]
    return Report(
        (sheet(f"{track} · {metric.title} · untuned against tuned", headers, rows, names=[0, 1, 8, 9]),),
        tuple(_record(row) for row in table.rows),
        (
            f"{UNTUNED}.",
            "gain: tuned against untuned, paired by seed, on the seeds and the split that tuning never saw; min: time"
            " of the study's trials; lr, EMA: multiples of the track's learning rate and of its EMA's time constant.",
            *_in_trainers(table.rows),
            *(f"note: {note}" for note in table.notes),
        ),
    )


def _in_trainers(rows: Sequence[TunedRow]) -> list[str]:
    units = [(row, in_trainers(row.params, row.tuned_from, row.spec)) for row in rows if row.target != ALL_TARGETS]
    lines = [f"{row.entry}, {row.target}: {text}" for row, text in units if text]
    return [f"in trainers' units ({HEAD}):", *lines] if lines else []


def _record(row: TunedRow) -> dict[str, object]:
    return {
        "schedule": row.schedule,
        "entry": row.entry,
        "target": row.target,
        "params": row.params,
        "seeds": row.seeds,
        "published": row.published.value,
        "published_low": row.published.low,
        "published_high": row.published.high,
        "tuned": row.tuned.value,
        "tuned_low": row.tuned.low,
        "tuned_high": row.tuned.high,
        "gain": row.gain.value,
        "gain_low": row.gain.low,
        "gain_high": row.gain.high,
        "gain_p": row.gain.p,
        "gain_shown": row.gain_shown,
        "trials": row.trials,
        "tuning_seconds": row.tuning_seconds,
        "verdict": row.verdict,
    }
