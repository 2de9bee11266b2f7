"""A comparison as text, whatever it compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from leaderboards.render.text_tables import Sheet
from leaderboards.wording import NOTHING, signed

TOO_FEW = "fewer than two entries share a complete block of cells and seeds"
"""Why a comparison of all entries says nothing."""


@dataclass(frozen=True)
class Report:
    """What a view has to say.

    sheets:  tables for people
    records: one flat object for each line, for programs; all with the same fields
    notes:   what the numbers mean, and what was left out
    """

    sheets: tuple[Sheet, ...]
    records: tuple[dict[str, Any], ...]
    notes: tuple[str, ...] = ()


def sheet(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], names: Iterable[int] = (0,)) -> Sheet:
    """A table. names: columns of names and other words, aligned left; the first unless told otherwise"""
    words = set(names)
    left = tuple(place in words for place in range(len(headers)))
    return Sheet(title, tuple(headers), left, tuple(tuple(row) for row in rows))


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f} %" if isfinite(share) else NOTHING


def step(value: float, logarithmic: bool) -> str:
    """A ratio as a change in per cent, with one decimal below ten; or a difference to two digits."""
    if not isfinite(value):
        return NOTHING
    if not logarithmic:
        return f"{value:+.2g}".replace("-", "−")
    change = 100 * (value - 1)
    return f"{signed(change, 1 if abs(change) < 10 else 0, plus=True)} %"
