"""From the long table of runs to a ranked board: a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd

from leaderboards import curves, scores, selection
from leaderboards.rows import ALL_TARGETS, Board, Section
from leaderboards.scale import MetricLike
from leaderboards.section import Setting, section

BASELINE = "cosine"


def board(
    table: pd.DataFrame,
    *,
    track: str,
    metric: MetricLike,
    guidance: scores.Guidance = "best",
    target: str | None = None,
    protocol: str | None = None,
    floor: float | None = None,
    features: str = "",
    baseline: str = BASELINE,
) -> Board:
    """Rank every entry of a track, in each cell and over all targets, by the methods of protocol 6.

    table:    one row per run × metric × split × guidance × mark, as `harness.tracking.read.read_runs` gives it
    metric:   what to rank by
    guidance: a scale, or "best": for each entry and target the one that wins on the validation split, scored on test
    target:   one prediction target; None takes all that have runs, and a section over them
    protocol: None takes the one of the newest run; others are left out, and a note says so
    floor:    the metric between real training and real held-out data, None where it has none
    features: name of the feature space, for the legend

    Raises UserError for a protocol without runs. A table without runs gives a board without sections.
    """
    table, protocol, notes = selection.of_one_protocol(table[table["track"] == track], protocol)
    table, baseline, code_notes = selection.labelled(selection.latest(table), baseline)
    scored = table[(table["metric"] == metric.name) | (table["outcome"] == "diverged")]
    guided = bool(scored["guidance"].notna().any())
    setting = Setting(metric, guidance if guided else None, floor, baseline, _facts(table))
    targets = sorted(scored["target"].unique()) if target is None else [target]
    found = {name: _cell(setting, scored[scored["target"] == name], guidance) for name in targets}
    cells = {name: cell for name, cell in found.items() if not cell.scores.values.empty}
    labels = table.groupby("target")["label"].unique()
    return Board(
        track=track,
        protocol=protocol,
        metric=metric,
        guidance=guidance,
        baseline=baseline,
        floor=floor,
        features=features,
        cells=tuple(_section(setting, name, cell, labels[name]) for name, cell in cells.items()),
        overall=_overall(setting, cells) if target is None else None,
        notes=(*notes, *code_notes, *selection.devices_note(table)),
    )


def largest_block(present: Mapping[str, set[str]], baseline: str) -> tuple[str, ...]:
    """The targets to average over: those that maximise (number of targets) × (entries that have all of them).

    So an entry that was run on one target, or a target that only two entries were run on, costs the others nothing.
    A block without the baseline counts only where the baseline has no runs at all.

    present: target → entries with a score there.
    """
    needs_baseline = any(baseline in entries for entries in present.values())

    def area(block: tuple[str, ...]) -> int:
        complete = set.intersection(*(present[target] for target in block))
        return 0 if needs_baseline and baseline not in complete else len(block) * len(complete)

    sizes = range(len(present), 0, -1)
    return max((block for size in sizes for block in combinations(sorted(present), size)), key=area, default=())


@dataclass(frozen=True)
class _Cell:
    scores: scores.Scores
    reaches: curves.Reaches


def _cell(setting: Setting, rows: pd.DataFrame, guidance: scores.Guidance) -> _Cell:
    found = scores.cell_scores(rows, setting.metric.name, guidance, setting.scale)
    return _Cell(found, curves.reaches(curves.marks(rows, setting.metric.name), setting.baseline, setting.scale))


def _section(setting: Setting, target: str, cell: _Cell, run: Iterable[str]) -> Section:
    """The section of one target; its notes name the entries that were run there without a score to show."""
    found = section(setting, (target,), target, cell.scores, cell.reaches)
    absent = sorted(set(run) - set(cell.scores.values.index))
    return replace(found, notes=(*found.notes, f"without a score here: {', '.join(absent)}")) if absent else found


def _overall(setting: Setting, cells: Mapping[str, _Cell]) -> Section | None:
    """The section over the largest block of targets; None where that is fewer than two, or they share no seed."""
    present = {target: set(cell.scores.values.index) for target, cell in cells.items()}
    block = largest_block(present, setting.baseline)
    if len(block) < 2:
        return None
    found = scores.pooled([cells[target].scores for target in block], setting.scale)
    if found.values.empty:
        return None
    reached = curves.pooled([cells[target].reaches for target in block])
    overall = section(setting, block, ALL_TARGETS, found, reached)
    absent = sorted(set.union(*present.values()) - set(found.values.index))
    notes = [f"not run on all of {', '.join(block)}, so not averaged: {', '.join(absent)}"] if absent else []
    return replace(overall, notes=(*notes, *overall.notes))


def _facts(table: pd.DataFrame) -> pd.DataFrame:
    """label → schedule, params, weighting, apply, tuned, of its newest run."""
    newest = table.sort_values("started", kind="stable").drop_duplicates("label", keep="last")
    return newest.set_index("label")[["schedule", "params", "weighting", "apply", "tuned"]]
