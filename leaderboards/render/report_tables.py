"""A report in the terminal: its sheets as tables, in parts where there is no room for all columns."""

from __future__ import annotations

from dataclasses import replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leaderboards.render.report import Report
from leaderboards.render.terminal import GAP, width_of
from leaderboards.render.text_tables import Sheet
from leaderboards.wording import visible


def print_tables(report: Report, console: Console) -> None:
    """Its tables, then its notes."""
    for sheet in report.sheets:
        console.print(Text(visible(sheet.title), style="bold"))
        for part in _parts(sheet, console.width):
            console.print(_table(part))
            console.print()
    for line in report.notes:
        console.print(Text(visible(line), style="dim"))


def _parts(sheet: Sheet, width: int) -> list[Sheet]:
    """The sheet where there is room for it, else its columns in several parts, each with those that name a row."""
    needed = [
        width_of((header, *(cells[place] for cells in sheet.cells)), name)
        for place, (header, name) in enumerate(zip(sheet.headers, sheet.names, strict=True))
    ]
    lead = sheet.names.index(True) if True in sheet.names else 1
    while lead < len(sheet.names) and sheet.names[lead]:
        lead += 1
    parts, room = [list(range(lead))], width - sum(needed[:lead])
    for place in range(lead, len(needed)):
        if needed[place] > room and len(parts[-1]) > lead:
            parts.append(list(range(lead)))
            room = width - sum(needed[:lead])
        parts[-1].append(place)
        room -= needed[place]
    return [_columns(sheet, part) for part in parts]


def _columns(sheet: Sheet, places: list[int]) -> Sheet:
    return replace(
        sheet,
        headers=tuple(sheet.headers[place] for place in places),
        names=tuple(sheet.names[place] for place in places),
        cells=tuple(tuple(cells[place] for place in places) for cells in sheet.cells),
    )


def _table(sheet: Sheet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False)
    for header, name in zip(sheet.headers, sheet.names, strict=True):
        # Numbers are folded only where no name is left to fold.
        table.add_column(Text(visible(header)), justify="left" if name else "right", overflow="fold", no_wrap=not name)
    for cells in sheet.cells:
        # Text, never a string: rich would read markup in a name that a user chose.
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table
