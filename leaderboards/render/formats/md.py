"""Markdown: a heading and a table for each section, then what the numbers mean as a list."""

from __future__ import annotations

from leaderboards.boards.rows import Board
from leaderboards.render.columns import legend
from leaderboards.render.report import Report
from leaderboards.render.text_tables import Sheet, sheets
from leaderboards.wording import visible


def board(board: Board, per_seed: bool = False) -> str:
    """A heading and a table for each section, then the legend as a list."""
    parts = [markdown_table(sheet) for sheet in sheets(board, per_seed)]
    return "\n\n".join([*parts, "\n".join(f"- {_escaped(line)}" for line in legend(board))])


def report(report: Report) -> str:
    """A heading and a table for each sheet, then the notes as a list."""
    notes = "\n".join(f"- {_escaped(note)}" for note in report.notes)
    return "\n\n".join(filter(None, [*(markdown_table(sheet) for sheet in report.sheets), notes]))


def markdown_table(sheet: Sheet) -> str:
    """A heading and a table."""
    lines = [
        f"### {visible(sheet.title)}\n",
        f"| {' | '.join(_escaped(header) for header in sheet.headers)} |",
        f"|{'|'.join(':--' if name else '--:' for name in sheet.names)}|",
    ]
    for cells in sheet.cells:
        texts = [_code(cell) if name else _escaped(cell) for name, cell in zip(sheet.names, cells, strict=True)]
        lines.append(f"| {' | '.join(texts)} |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text in which Markdown and HTML find nothing to do."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|~" else c for c in visible(text)).replace("&", "&amp;")


def _code(text: str) -> str:
    """A code span: only its own fence and the table's bar mean anything inside."""
    shown = visible(text).replace("|", r"\|")
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
