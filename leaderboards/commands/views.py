"""A view of runs and scores, worked out and printed."""

from __future__ import annotations

import sys
from dataclasses import replace

from rich.console import Console

from harness.cli.streams import show
from leaderboards.comparisons import views
from leaderboards.comparisons.choice import Choice
from leaderboards.data.tables import Tables
from leaderboards.render.formats import TABLE, of_report, of_reports
from leaderboards.render.report import Report
from leaderboards.render.report_tables import print_tables
from leaderboards.render.terminal import default_console
from leaderboards.wording import visible
from schedules.errors import unknown


def check(name: str, form: str) -> None:
    """UserError for a view or a format that there is not."""
    views.view(name)
    if form not in of_reports():
        raise unknown("format of a view", form, of_reports())


def render_view(
    name: str,
    tables: Tables,
    track: str,
    choice: Choice,
    form: str = TABLE,
    console: Console | None = None,
    notes: tuple[str, ...] = (),
) -> bool:
    """Print a view of runs and scores; returns whether there was anything to show.

    console: for the tables, standard output by default
    notes:   on where they are from, put below the view's own

    UserError for an unknown view, format, or name in the choice.
    """
    check(name, form)
    report = views.view(name)(tables, track, choice)
    return print_report(replace(report, notes=(*report.notes, *(f"note: {note}" for note in notes))), form, console)


def print_report(report: Report, form: str = TABLE, console: Console | None = None) -> bool:
    """Print a report in a format; returns whether it has any rows. Why it has none goes to standard error."""
    if not report.records:
        for line in report.notes:
            print(visible(line), file=sys.stderr)
        report = replace(report, notes=())
    if form == TABLE:
        print_tables(report, console or default_console())
    else:
        show(of_report(form, report), form)
    return bool(report.records)
