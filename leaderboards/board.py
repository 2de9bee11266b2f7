"""From the long table of runs to a ranked board: a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from leaderboards import cost, curves, facts, scores, selection, tuned
from leaderboards.blocks import largest_block, why_none
from leaderboards.rows import ALL_TARGETS, Board, Section
from leaderboards.scale import MetricLike
from leaderboards.section import Setting, section
from leaderboards.wording import listed

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
    filters: selection.Filters | None = None,
) -> Board:
    """Rank every entry of a track, in each cell and over all targets, by the methods of protocol 6.

    table:    one row per run × metric × split × guidance × mark, as `harness.tracking.read.read_runs` gives it
    metric:   what to rank by
    guidance: a scale, or "best": for each entry and target the one that wins on the validation split, scored on test
    target:   one prediction target; None takes all that have runs, and a section over them
    protocol: None takes the one of the newest run; others are left out, and a note says so
    floor:    the metric between real training and real held-out data, None where it has none
    features: name of the feature space, for the legend
    filters:  entries and seeds to leave out; the baseline stays in for ratios unless it is left out by name

    Raises UserError for a protocol without runs and for a filter's unknown name. A table without runs gives a board
    without sections.
    """
    chosen = selection.select(table, track, [metric.name], baseline=baseline, protocol=protocol, filters=filters)
    rows = chosen.scores
    scored = rows[(rows["metric"] == metric.name) | (rows["outcome"] == "diverged")]
    guided = bool(scored["guidance"].notna().any())
    setting = Setting(metric, guidance if guided else None, floor, chosen.baseline)
    targets = sorted(scored["target"].unique()) if target is None else [target]
    found = {name: _cell(setting, chosen.of(name), guidance) for name in targets}
    cells = {name: cell for name, cell in found.items() if not cell.scores.values.empty}
    overall, why = _overall(setting, cells) if target is None else (None, "")
    return Board(
        track=track,
        protocol=chosen.protocol,
        metric=metric,
        guidance=guidance,
        baseline=chosen.baseline,
        floor=floor,
        features=features,
        cells=tuple(_section(setting, name, cell) for name, cell in cells.items()),
        overall=overall,
        notes=(
            *([f"no table over {', '.join(cells)}: {why}"] if why else []),
            *chosen.notes,
            *selection.devices_note(chosen.runs),
            *cost.machines_note(rows),
            *tuned.fairness_notes(chosen.runs, chosen.baseline),
        ),
    )


@dataclass(frozen=True)
class _Cell:
    scores: scores.Scores
    reaches: curves.Reaches
    facts: pd.DataFrame


def _cell(setting: Setting, chosen: selection.Selected, guidance: scores.Guidance) -> _Cell:
    rows = chosen.scores
    found = scores.cell_scores(rows, setting.metric.name, guidance, setting.scale)
    reached = curves.reaches(curves.marks(rows, setting.metric.name), setting.baseline, setting.scale)
    return _Cell(found, reached, facts.of_cell(chosen.runs, rows))


def _section(setting: Setting, target: str, cell: _Cell) -> Section:
    """The section of one target; its notes name the entries that were run there without a score to show."""
    found = section(setting, target, {target: cell.scores}, cell.scores, cell.reaches, cell.facts)
    absent = sorted(set(cell.facts.index) - set(cell.scores.values.index))
    return replace(found, notes=(*found.notes, f"without a score here: {listed(absent)}")) if absent else found


def _overall(setting: Setting, cells: Mapping[str, _Cell]) -> tuple[Section | None, str]:
    """The section over the largest block of targets; else None and why, which goes without saying for one target."""
    present = {target: set(cell.scores.values.index) for target, cell in cells.items()}
    block = largest_block(present, setting.baseline)
    if len(block) < 2:
        return None, why_none(present, setting.baseline)
    parts = {target: cells[target].scores for target in block}
    found = scores.pooled(list(parts.values()), setting.scale)
    if found.values.empty:
        return None, f"no entry has a seed that was run on all of {', '.join(block)}"
    reached = curves.pooled([cells[target].reaches for target in block])
    known = facts.over_cells({target: cells[target].facts for target in block})
    overall = section(setting, ALL_TARGETS, parts, found, reached, known)
    absent = sorted(set.union(*present.values()) - set(found.values.index))
    notes = [f"not run on all of {', '.join(block)}, so not averaged: {listed(absent)}"] if absent else []
    return replace(overall, notes=(*notes, *overall.notes)), ""
