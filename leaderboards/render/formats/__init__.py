"""What a board, or the report of a view, is written as: one file for each format.

A file's name is the name of its format. It has `board(board, per_seed=False) -> str`, where per_seed asks for every
seed's score, and, where a report can be written so, `report(report) -> str`. Being here is all that makes it known.
Names that a user chose come out as text, whatever they contain.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

from schedules.errors import unknown

if TYPE_CHECKING:
    from leaderboards.boards.rows import Board
    from leaderboards.render.report import Report

TABLE = "table"
"""What a terminal shows (`leaderboards.render.terminal`), which is a format to those who type it."""


def names() -> tuple[str, ...]:
    """Every format there is, the terminal's first, without importing any: the command line asks at each start."""
    return (TABLE, *sorted(module.name for module in pkgutil.iter_modules(__path__)))


def of_board(form: str, board: Board, per_seed: bool = False) -> str:
    """A board in a format. UserError for one that there is not."""
    return str(_format(form).board(board, per_seed))


def of_report(form: str, report: Report) -> str:
    """A report in a format. UserError for one that reports are not written in."""
    return str(_format(form).report(report))


def of_reports() -> tuple[str, ...]:
    """The formats that reports are written in, the terminal's first."""
    return (TABLE, *(form for form in names()[1:] if hasattr(_format(form), "report")))


def _format(form: str) -> ModuleType:
    if form not in names()[1:]:
        raise unknown("format", form, names())
    return importlib.import_module(f"{__name__}.{form}")
