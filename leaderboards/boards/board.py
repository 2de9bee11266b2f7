"""From runs and their scores to a ranked board: a pure function."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from leaderboards.boards import curves, entry_facts, tuned_entries
from leaderboards.boards.judge import Judge
from leaderboards.boards.rows import ALL_TARGETS, Board, Section
from leaderboards.boards.section import Setting, section
from leaderboards.boards.target_blocks import largest_block, why_none
from leaderboards.data import scores, selection
from leaderboards.data.scale import MetricLike
from leaderboards.data.tables import Tables
from leaderboards.data.track_noise import TrackNoise
from leaderboards.statistics.student_t import Array
from leaderboards.wording import listed

BASELINE = "cosine"


def board(
    tables: Tables,
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
    noise: TrackNoise | None = None,
    focus: str | None = None,
) -> Board:
    """Rank every entry of a track, in each cell and over all targets, by the methods of protocol 6.

    tables:   runs and scores
    metric:   what to rank by
    guidance: a scale, or "best": for each entry and target the one that wins on the validation split, scored on test
    target:   one prediction target; None takes all that have runs, and a section over them
    protocol: None takes the one of the newest run; others are left out, and a note says so
    floor:    the metric between real training and real held-out data, None where it has none
    features: name of the feature space, for the legend
    filters:  seeds to leave out, and entries to hide: all are judged, whatever is shown
    noise:    of the track's published runs, for boards that have few pairs
    focus:    test this entry against every other, and no other pair; None tests all pairs

    Raises UserError for a protocol without runs and for an unknown name of a filter or focus. Tables without runs
    give a board without sections.
    """
    filters = filters or selection.Filters()
    chosen = selection.select(tables, track, [metric.name], baseline=baseline, protocol=protocol, filters=filters)
    focus = selection.label_of(chosen.runs, focus)
    setting = Setting(metric, guidance if chosen.guided(metric.name) else None, floor, chosen.baseline, focus)
    parts = {name: chosen.of(name) for name in chosen.targets}
    every = {name: scores.cell_scores(part, metric.name, guidance, setting.scale) for name, part in parts.items()}
    priors = noise.of(metric.name, setting.guidance) if noise is not None else None
    judge = Judge.of(
        {name: _costs(cell, setting) for name, cell in every.items() if not cell.values.empty}, priors, focus
    )
    shown = judge.cells if target is None else [target] if target in judge.cells else []
    cells = {name: _cell(setting, parts[name], every[name]) for name in shown}
    overall, why = _overall(setting, cells, judge) if target is None else (None, "")
    whole = Board(
        track=track,
        protocol=chosen.protocol,
        metric=metric,
        guidance=guidance,
        baseline=chosen.baseline,
        floor=floor,
        features=features,
        cells=tuple(_section(setting, name, cell, judge) for name, cell in cells.items()),
        overall=overall,
        notes=(
            *([f"no table over {', '.join(cells)}: {why}"] if why else []),
            *chosen.notes,
            *chosen.mixed,
            *tuned_entries.fairness_notes(chosen.runs, chosen.baseline),
            *judge.notes,
        ),
        focus=focus,
        noise=judge.moderated_by,
    )
    return hidden(whole, selection.shown(chosen.runs, filters, chosen.baseline))


def hidden(board: Board, keep: Collection[str] | None) -> Board:
    """The board with some rows only: what it says of them is what the whole board says.

    keep: labels, or entries without their `#ab12cd`; None keeps all
    """
    if keep is None:
        return board
    cells = tuple(_hidden(cell, keep) for cell in board.cells)
    return replace(board, cells=cells, overall=board.overall and _hidden(board.overall, keep))


def _hidden(section: Section, keep: Collection[str]) -> Section:
    rows = (row for row in section.rows if row.entry in keep or row.entry.split("#")[0] in keep)
    return replace(section, rows=tuple(rows))


def _costs(cell: scores.Scores, setting: Setting) -> tuple[list[str], list[int], Array]:
    return cell.values.index.tolist(), [int(seed) for seed in cell.values.columns], scores.costs(cell, setting.scale)


@dataclass(frozen=True)
class _Cell:
    scores: scores.Scores
    reaches: curves.Reaches
    facts: pd.DataFrame


def _cell(setting: Setting, chosen: selection.Selected, cell_scores: scores.Scores) -> _Cell:
    rows = chosen.scores
    reached = curves.reaches(curves.marks(rows, setting.metric.name), setting.baseline, setting.scale)
    return _Cell(cell_scores, reached, entry_facts.of_cell(chosen.runs, rows))


def _section(setting: Setting, target: str, cell: _Cell, judge: Judge) -> Section:
    """The section of one target; its notes name the entries that were run there without a score to show."""
    verdicts = judge.verdicts([target], cell.scores.values.index.tolist())
    ranked = section(setting, target, {target: cell.scores}, cell.scores, cell.reaches, cell.facts, verdicts)
    absent = sorted(set(cell.facts.index) - set(cell.scores.values.index))
    return replace(ranked, notes=(*ranked.notes, f"without a score here: {listed(absent)}")) if absent else ranked


def _overall(setting: Setting, cells: Mapping[str, _Cell], judge: Judge) -> tuple[Section | None, str]:
    """The section over the largest block of targets; else None and why, which goes without saying for one target."""
    present = {target: set(cell.scores.values.index) for target, cell in cells.items()}
    block = largest_block(present, setting.baseline)
    if len(block) < 2:
        return None, why_none(present, setting.baseline)
    parts = {target: cells[target].scores for target in block}
    pooled = scores.pooled(list(parts.values()), setting.scale)
    if pooled.values.empty:
        return None, f"no entry has a seed that was run on all of {', '.join(block)}"
    reached = curves.pooled([cells[target].reaches for target in block])
    facts = entry_facts.over_cells({target: cells[target].facts for target in block})
    overall = section(
        setting, ALL_TARGETS, parts, pooled, reached, facts, judge.verdicts(block, pooled.values.index.tolist())
    )
    absent = sorted(set.union(*present.values()) - set(pooled.values.index))
    notes = [f"not run on all of {', '.join(block)}, so not averaged: {listed(absent)}"] if absent else []
    return replace(overall, notes=(*notes, *overall.notes)), ""
