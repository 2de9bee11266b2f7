"""A part of a long board: the best rows, or one's own among those around them. What rows say is what the board says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from leaderboards.boards.rows import Board, Row, Section

SPARED = 3
"""Rows that are not worth a line which says that they are left out."""
Chosen = Callable[[tuple[Row, ...]], set[int]]


def top(board: Board, count: int) -> Board:
    """The first `count` rows of each section, and the entries that everything is compared with."""
    return _part(board, lambda rows: set(range(min(count, len(rows)))), f"the first {count} of each table")


def mine(board: Board) -> Board:
    """The store's own rows, each with the row before and after it, the first row, and what all is compared with.

    A section without own rows is left out. A board without rows from elsewhere stays as it is.
    """
    if all(is_own(row) for row in board.rows):
        return board

    def chosen(rows: tuple[Row, ...]) -> set[int]:
        own = [at for at, row in enumerate(rows) if is_own(row)]
        return {0 for _ in own} | {near for at in own for near in (at - 1, at, at + 1) if 0 <= near < len(rows)}

    return _part(board, chosen, "own entries and their neighbours")


def short(board: Board, count: int) -> tuple[Board, int]:
    """The first `count` rows of each longer section, own ones among published, and what all is compared with.

    Returns how many rows are left out, too.
    """
    mixed = not all(is_own(row) for row in board.rows)

    def chosen(rows: tuple[Row, ...]) -> set[int]:
        whole = len(rows) <= count + SPARED
        return {at for at, row in enumerate(rows) if whole or at < count or (mixed and is_own(row))}

    shown = _part(board, chosen, "")
    return shown, len(board.rows) - len(shown.rows)


def is_own(row: Row) -> bool:
    """Whether any run of the entry is the store's."""
    return not row.source or "own" in row.source.split(", ")


def _part(board: Board, chosen: Chosen, what: str) -> Board:
    def part(section: Section) -> Section:
        places = chosen(section.rows)
        compared = (board.baseline, board.focus) if places else ()
        return replace(
            section, rows=tuple(row for at, row in enumerate(section.rows) if at in places or row.entry in compared)
        )

    cells = tuple(part(section) for section in board.cells)
    overall = board.overall and part(board.overall)
    shown = replace(board, cells=cells, overall=overall)
    left_out = len(board.rows) - len(shown.rows)
    note = (f"shown: {what}; {left_out} rows are left out",) if what else ()
    return replace(shown, notes=(*shown.notes, *note)) if left_out else board
