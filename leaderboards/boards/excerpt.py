"""A part of a long board: the best rows, or one's own among those around them. What rows say is what the board says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from leaderboards.boards.rows import Board, Row, Section

Chosen = Callable[[tuple[Row, ...]], set[int]]


def top(board: Board, count: int) -> Board:
    """The first `count` rows of each section, and the entries that everything is compared with."""
    return _part(board, lambda rows: set(range(min(count, len(rows)))), f"the first {count} of each table")


def mine(board: Board) -> Board:
    """The store's own rows, each with the row before and after it, the first row, and what all is compared with.

    A board without rows from elsewhere stays as it is.
    """
    if all(is_own(row) for row in board.rows):
        return board

    def chosen(rows: tuple[Row, ...]) -> set[int]:
        own = [at for at, row in enumerate(rows) if is_own(row)]
        return {0} | {near for at in own for near in (at - 1, at, at + 1) if 0 <= near < len(rows)}

    return _part(board, chosen, "own entries and their neighbours")


def is_own(row: Row) -> bool:
    """Whether any run of the entry is the store's."""
    return not row.source or "own" in row.source.split(", ")


def _part(board: Board, chosen: Chosen, what: str) -> Board:
    def part(section: Section) -> Section:
        places = chosen(section.rows)
        compared = (board.baseline, board.focus)
        return replace(
            section, rows=tuple(row for at, row in enumerate(section.rows) if at in places or row.entry in compared)
        )

    cells = tuple(part(section) for section in board.cells)
    overall = board.overall and part(board.overall)
    shown = replace(board, cells=cells, overall=overall)
    left_out = len(board.rows) - len(shown.rows)
    return replace(shown, notes=(*shown.notes, f"shown: {what}; {left_out} rows are left out")) if left_out else board
