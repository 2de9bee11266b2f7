"""A board in a sentence: who leads, by how much, and how sure that is."""

from __future__ import annotations

from math import isfinite

from app.charts.ratio_axis import effect
from app.style.plain_text import code, unbroken
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.wording import change, with_interval


def finding(board: Board, section: Section) -> str:
    """Markdown; empty where the data say nothing about an order."""
    leaders = [row for row in section.rows if row.rank_low == 1 and not row.diverged]
    best = next((row for row in section.rows if row.rank == 1), None)
    if best is None:
        return ""
    if best.baseline and len(section.rows) == 1:
        return f"{code(best.entry)} is alone here: a second entry makes a comparison."
    if best.baseline and len(leaders) == 1:
        return f"Nothing is better than the baseline {code(best.entry)} here."
    text = f"{code(best.entry)} has the best mean"
    if len(leaders) > 1:
        others = len(leaders) - 1
        text += f", and {others} other{'s' if others > 1 else ''} may be first too"
    return text + _against(board, best) + "."


def _against(board: Board, row: Row) -> str:
    if row.baseline or not isfinite(effect(row)[0]):
        return ""
    how = change(*effect(row)) if isfinite(row.ratio) else with_interval(*effect(row))
    text = f": {unbroken(how)} against {code(board.baseline)}"
    if row.speedup is not None and row.speedup > 1:
        least = "at least " if row.speedup_note.startswith(">=") else ""
        text += f", whose final score it reaches {least}{row.speedup:.1f}× sooner"
    return text
