"""The legend of a figure, as wide as the page: Plotly's own takes its room from the figure, most of it on a phone.

Names go in as text, never as markup.
"""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

HERE = Path(__file__).parent


def show(made: go.Figure, key: str, least: int = 2) -> None:
    """Put the names of a figure's lines on the page, where there are several, or `least`."""
    items = entries(made)
    if len(items) >= least:
        _component()(key=key, data={"items": items})


def entries(made: go.Figure) -> list[dict[str, Any]]:
    """Name, colour, dash and symbol of each named trace; traces of one group are named once."""
    found: dict[str, dict[str, Any]] = {}
    for one in made.data:
        name = html.unescape(one.legendgroup or one.name or "")
        if not name or one.showlegend is False or name in found:
            continue
        mode = one.mode or "lines"
        marker = one.marker.color if isinstance(one.marker.color, str) else None
        found[name] = {
            "name": name,
            "colour": one.line.color or marker or "",
            "dash": (one.line.dash or "solid") if "lines" in mode else "",
            "symbol": (one.marker.symbol or "circle") if "markers" in mode else "",
        }
    return list(found.values())


@cache
def _component() -> Any:
    css, js = ((HERE / f"legend.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component("snrbench.legend", html='<div class="legend"></div>', css=css, js=js)
