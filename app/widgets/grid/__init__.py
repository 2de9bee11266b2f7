"""A table as the page shows it: bars, sparklines and badges in its cells, rows that can be chosen.

Streamlit's own tables hold either choice (drawn on a canvas) or a look (HTML); ranks need both. Python says where
everything is, as shares of a column's width; `grid.js` draws it, and puts every text in as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.data import guide_links
from app.data.guide_links import Topic
from leaderboards.wording import visible

HERE = Path(__file__).parent
Cell = str | dict[str, Any] | None


@dataclass(frozen=True)
class Column:
    """One column.

    kind:      "rank", "entry", "text", "bar", "heat", "interval" or "spark"
    align:     "right" for numbers
    phone:     "small" moves it below the name on a narrow page, "line" below that in a line of its own, "wide" leaves
               it out there
    short:     its label there
    reference: where an interval column has its line, a share of the width; ticks: (share, text)
    topic:     of the guide, which its label leads to
    """

    label: str
    kind: str = "text"
    align: str = ""
    phone: str = ""
    short: str = ""
    help: str = ""
    reference: float | None = None
    ticks: Sequence[tuple[float, str]] = ()
    topic: Topic | None = None


@dataclass(frozen=True)
class Row:
    """One row. marks: "odd", "muted", "strong". A row with `head` is a heading over those that follow."""

    id: str
    cells: Sequence[Cell] = ()
    marks: Sequence[str] = ()
    head: str | None = None


@dataclass(frozen=True)
class Badge:
    """A short remark beside a name. tone: "good", "note", "bad" or plain."""

    text: str
    title: str
    tone: str = ""


@dataclass(frozen=True)
class Selection:
    """Rows that a visitor has chosen. changed: called with what is chosen now."""

    chosen: Sequence[str]
    most: int
    changed: Callable[[list[str]], None] = field(repr=False)


def name(text: str, colour: str = "", badges: Sequence[Badge] = ()) -> Cell:
    """A cell of an "entry" column."""
    return {"name": visible(text), "colour": colour, "badges": [asdict(badge) for badge in badges]}


def show(
    columns: Sequence[Column], rows: Sequence[Row], key: str, alt: str, choice: Selection | None = None, look: str = ""
) -> None:
    """Put a table on the page. look: "matrix" keeps its columns however narrow the page is."""
    data = {
        "columns": [
            asdict(column) | {"guide": column.topic and guide_links.address(column.topic)} for column in columns
        ],
        "rows": [{name: value for name, value in asdict(row).items() if value is not None} for row in rows],
        "selectable": choice is not None,
        "selected": list(choice.chosen) if choice else [],
        "most": choice.most if choice else 0,
        "look": look,
        "alt": alt,
    }

    def told() -> None:
        if choice is not None:
            choice.changed([str(selected) for selected in (st.session_state[key].get("selected") or [])])

    _component()(key=key, data=data, default={"selected": data["selected"]}, on_selected_change=told)


@cache
def _component() -> Any:
    css, js = ((HERE / f"grid.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component("snrbench.grid", html='<div class="grid"></div>', css=css, js=js)
