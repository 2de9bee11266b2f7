"""A board in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leaderboards.boards.rows import Board, Section
from leaderboards.render.columns import Column, columns, legend, title
from leaderboards.render.text_tables import seed_by_seed
from leaderboards.wording import visible

GAP, DIVIDER = 2, 1
SHORTEST_NAME = 16
"""A name is folded, rather than a column left out, down to this many characters."""
PIPE_WIDTH = 120
"""Characters in a line where the output is no terminal, and has no width of its own."""


def print_board(board: Board, console: Console) -> None:
    """One table for each section, then the legend."""
    left_out: dict[str, None] = {}
    for section in board.sections:
        every = columns(board, section)
        shown = _fitting(every, section, console.width)
        left_out |= dict.fromkeys(column.header for column in every if column not in shown)
        console.print(Text(visible(title(board, section)), style="bold"))
        console.print(_table(section, shown))
        console.print()
    room = [f"no room in {console.width} columns for: {', '.join(left_out)}."] if left_out else []
    for line in [*legend(board), *room]:
        for part in Text(visible(line), style="dim").wrap(console, console.width):
            part.rstrip()
            console.print(part)


def print_seeds(board: Board, console: Console) -> None:
    """The score of each seed: a table for each section."""
    for section in board.sections:
        sheet = seed_by_seed(board, section)
        table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False)
        for header, name in zip(sheet.headers, sheet.names, strict=True):
            table.add_column(Text(header), justify="left" if name else "right", overflow="fold", no_wrap=not name)
        for place, cells in enumerate(sheet.cells):
            table.add_row(*(Text(visible(cell)) for cell in cells), style="bold" if place == sheet.baseline else None)
        console.print()
        console.print(Text(visible(sheet.title), style="bold"))
        console.print(table)


def default_console() -> Console:
    """Standard output, wide enough for every column where that is a pipe or a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(PIPE_WIDTH, console.width))


def _table(section: Section, shown: list[Column]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, GAP, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for column in shown:
        header = Text(visible(column.header))
        table.add_column(header, justify="left" if column.name else "right", overflow="fold", no_wrap=not column.name)
    for row in section.rows:
        # Text, never a string: rich would read markup in a name that a user chose.
        cells = [Text(visible(column.text(row))) for column in shown]
        table.add_row(*cells, style="bold" if row.baseline else None)
    return table


def _fitting(shown: list[Column], section: Section, width: int) -> list[Column]:
    """The columns that there is room for."""

    def needed(column: Column) -> int:
        return width_of((column.header, *(column.text(row) for row in section.rows)), column.name)

    for spare in sorted({column.spare for column in shown} - {0}):
        if sum(needed(column) for column in shown) <= width:
            break
        shown = [column for column in shown if column.spare != spare]
    return shown


def width_of(texts: Iterable[str], name: bool) -> int:
    """Characters that a column of a table needs, with what is between it and the next one."""
    longest = max(len(visible(text)) for text in texts)
    return GAP + DIVIDER + (min(longest, SHORTEST_NAME) if name else longest)
