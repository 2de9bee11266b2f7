"""The ranked table: the same columns and words as in the terminal, with each entry's colour and its tie group."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from app.text import code, plain, unbroken
from app.theme import Style
from leaderboards.columns import Column, columns
from leaderboards.rows import Board, Section
from leaderboards.wording import NOTHING

SWATCH, SWATCHES = "●", "\u200b"  # the column of swatches has an invisible name
GROUP = "background-color: rgba(133, 140, 152, 0.10)"
BOLD = "font-weight: 650"
# Streamlit aligns by the type of a cell, in its own style attribute; these cells are numbers with words around them.
NUMBER = "text-align: right !important; font-variant-numeric: tabular-nums"


def show(board: Board, section: Section, styles: Mapping[str, Style]) -> None:
    """Put the table of a section on the page."""
    st.table(styled(board, section, styles), border="horizontal", hide_index=True, alt="Ranked entries")


def styled(board: Board, section: Section, styles: Mapping[str, Style]) -> Styler:
    """The table with its look: swatches in the entries' colours, every other tie group shaded, the baseline bold."""
    shown = columns(board, section)
    cells = {
        SWATCHES: [SWATCH] * len(section.rows),
        **{unbroken(column.header): _texts(column, section) for column in shown},
    }
    frame = pd.DataFrame(cells)
    style = frame.style.apply(lambda _: _groups(section, frame), axis=None)
    style = style.apply(lambda _: [f"color: {styles[row.entry].colour}" for row in section.rows], subset=[SWATCHES])
    return _numbers(style, [place for place, column in enumerate(shown, start=1) if not column.name])


def show_by_target(board: Board, styles: Mapping[str, Style]) -> None:
    """Put the table of changes in each target on the page."""
    st.table(by_target(board, styles), border="horizontal", hide_index=True, alt="Changes in each target")


def by_target(board: Board, styles: Mapping[str, Style]) -> Styler:
    """Entries × targets: the change against the baseline in each; the entries in the order of the overall section."""
    effect = {column.header: column.text for column in columns(board, board.cells[0])}[f"vs {board.baseline}"]
    overall = board.overall.rows if board.overall else ()
    names = list(dict.fromkeys(row.entry for row in (*overall, *(row for cell in board.cells for row in cell.rows))))
    cells: dict[str, list[str]] = {SWATCHES: [SWATCH] * len(names), "entry": [code(name) for name in names]}
    for section in board.cells:
        found = {row.entry: unbroken(effect(row)) for row in section.rows}
        cells[plain(section.target)] = [found.get(name, NOTHING) for name in names]
    style = pd.DataFrame(cells).style
    style = style.apply(lambda _: [f"color: {styles[name].colour}" for name in names], subset=[SWATCHES])
    return _numbers(style, list(range(2, len(cells))))


def _texts(column: Column, section: Section) -> list[str]:
    texts = [column.text(row) for row in section.rows]
    return [code(text) if column.name else unbroken(text) for text in texts]


def _numbers(style: Styler, places: list[int]) -> Styler:
    """Align columns of numbers, headers included."""
    return style.set_table_styles([{"selector": f"th.col{at}, td.col{at}", "props": NUMBER} for at in places])


def _groups(section: Section, frame: pd.DataFrame) -> pd.DataFrame:
    """CSS of each cell: shade every other rank, so that a tie group is seen as one."""
    order = list(dict.fromkeys(row.rank for row in section.rows))
    shaded = [len(order) > 1 and order.index(row.rank) % 2 == 0 for row in section.rows]
    look = ["; ".join([GROUP] * shade + [BOLD] * row.baseline) for row, shade in zip(section.rows, shaded, strict=True)]
    return pd.DataFrame(dict.fromkeys(frame.columns, look), index=frame.index)
