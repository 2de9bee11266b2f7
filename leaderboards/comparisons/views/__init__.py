"""The comparisons beyond a board, one file each: what `snrbench leaderboard TRACK --view NAME` prints.

A file's name is the name of its view. It works something out of runs and scores, and has a function

    view(tables: Tables, track: str, choice: Choice) -> Report

which says it: tables for people, records for programs, and notes. Being here is all that makes it known.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from schedules.errors import unknown

if TYPE_CHECKING:
    from leaderboards.comparisons.choice import Choice
    from leaderboards.data.tables import Tables
    from leaderboards.render.report import Report

    View = Callable[[Tables, str, Choice], Report]


def names() -> tuple[str, ...]:
    """Every view there is, without importing any of them: the command line asks at each start."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def view(name: str) -> View:
    """The function that makes a report. UserError for a view that there is not."""
    if name not in names():
        raise unknown("view", name, names())
    return cast("View", importlib.import_module(f"{__name__}.{name}").view)
