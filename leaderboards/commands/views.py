"""A view in the terminal, or as JSON, Markdown or CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.streams import show
from leaderboards.comparisons.compare import Choice
from leaderboards.comparisons.reports import VIEWS, Report
from leaderboards.data.tables import Tables
from leaderboards.render.formats import _csv_cell, _escaped, _finite, markdown_table
from leaderboards.render.terminal import GAP, default_console, width_of
from leaderboards.render.text_tables import Sheet
from leaderboards.wording import visible
from schedules.errors import unknown

FORMATS = ("table", "md", "csv", "json")


def check(name: str, form: str) -> None:
    """UserError for a view or a format that there is not."""
    if name not in VIEWS:
        raise unknown("view", name, VIEWS)
    if form not in FORMATS:
        raise unknown("format of a view", form, FORMATS)


def render_view(
    name: str,
    tables: Tables,
    track: str,
    choice: Choice,
    form: str = "table",
    console: Console | None = None,
    notes: tuple[str, ...] = (),
) -> bool:
    """Print a view of runs and scores; returns whether there was anything to show.

    console: for the tables, standard output by default
    notes:   on where they are from, put below the view's own

    UserError for an unknown view, format, or name in the choice.
    """
    check(name, form)
    report = VIEWS[name](tables, track, choice)
    return print_report(replace(report, notes=(*report.notes, *(f"note: {note}" for note in notes))), form, console)


def print_report(report: Report, form: str = "table", console: Console | None = None) -> bool:
    """Print a report in a format; returns whether it has any rows. Why it has none goes to standard error."""
    if not report.records:
        for line in report.notes:
            print(visible(line), file=sys.stderr)
        report = replace(report, notes=())
    if form == "table":
        console = console or default_console()
        for sheet in report.sheets:
            console.print(Text(visible(sheet.title), style="bold"))
            for part in _parts(sheet, console.width):
                console.print(_table(part))
                console.print()
        for line in report.notes:
            console.print(Text(visible(line), style="dim"))
    else:
        show({"md": to_markdown, "csv": to_csv, "json": to_json}[form](report), form)
    return bool(report.records)


def to_json(report: Report) -> str:
    """The records; strict JSON: a number that is not finite is null."""
    return json.dumps(_finite(list(report.records)), indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(report: Report) -> str:
    """One line for each record, under the names of their fields."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for place, record in enumerate(report.records):
        if place == 0:
            writer.writerow(record)
        writer.writerow(_csv_cell(_finite(value)) for value in record.values())
    return file.getvalue().rstrip("\n")


def to_markdown(report: Report) -> str:
    """A heading and a table for each sheet, then the notes as a list."""
    notes = "\n".join(f"- {_escaped(note)}" for note in report.notes)
    return "\n\n".join(filter(None, [*(markdown_table(sheet) for sheet in report.sheets), notes]))


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
