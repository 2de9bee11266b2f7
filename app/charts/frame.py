"""What all figures have in common: axes, spacing, lines with bands, and how they are put on a page."""

from __future__ import annotations

import html
from collections.abc import Iterable
from math import ceil, floor, log10
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import ArrayLike, NDArray

from app.style.plain_text import label
from app.style.theme import NEUTRAL, Style, ground

Figure = go.Figure
GRID = "rgba(133, 140, 152, 0.22)"
MOST_TICKS = 7
BAND_SEEDS = 3  # of two, a t interval is thirteen standard errors wide on each side, and would cover the figure
NARROW = 3.0  # a range of less than this ratio gets equally spaced labels
CONFIG = {"displayModeBar": False, "responsive": True}
LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"}
LEGEND_NAME = 40
"""Characters of a name in a legend; the hover has more."""
LEGEND_ROW, LEGEND_WIDTH, LEGEND_LETTER, LEGEND_SAMPLE = 20, 250, 7, 48
"""Pixels: of a row of a legend, of a figure as narrow as figures get, of a letter, of what stands beside a name."""


def figure(x: str, y: str, height: int = 320, **layout: Any) -> go.Figure:
    """An empty figure with titled axes."""
    chart = go.Figure()
    chart.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        hoverlabel={"namelength": -1},
        showlegend=False,
        **layout,
    )
    chart.update_xaxes(title=x, gridcolor=GRID, zeroline=False, automargin=True)
    chart.update_yaxes(title=y or None, gridcolor=GRID, zeroline=False, automargin=True)
    return chart


def line(chart: go.Figure, name: str, style: Style, x: ArrayLike, y: ArrayLike, **more: Any) -> None:
    """A line of an entry."""
    chart.add_scatter(
        x=x,
        y=y,
        mode=more.pop("mode", "lines"),
        name=label(name, LEGEND_NAME),
        line={"color": style.colour, "dash": style.dash, "width": 2.2},
        marker={"color": style.colour, "size": 7},
        hovertemplate=f"%{{y:.3g}}<extra>{label(name)}</extra>",
        **more,
    )


def band(chart: go.Figure, style: Style, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
    """The region between two lines, in the entry's colour."""
    for y, fill in ((low, None), (high, "tonexty")):
        chart.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=translucent(style.colour, 0.16),
            hoverinfo="skip",
            showlegend=False,
        )


def reference(
    chart: go.Figure,
    text: str,
    *,
    x: float | None = None,
    y: float | None = None,
    dash: str = "dash",
    below: bool = False,
    along: float | None = None,
) -> None:
    """A thin grey line across the figure, with its name at the end. The type of the axis is set before.

    below: a horizontal line's name stands below it instead of above; along: at this x instead of at its start
    """
    look = {"line": {"color": NEUTRAL, "dash": dash, "width": 1.4}}
    note = {"text": label(text), "showarrow": False, "font": {"color": NEUTRAL, "size": 12}, "bgcolor": _veil()}
    if x is not None:
        chart.add_shape(type="line", x0=x, x1=x, yref="paper", y0=0, y1=1, **look)
        chart.add_annotation(x=_position(chart.layout.xaxis, x), yref="paper", y=1, yanchor="bottom", **note)
    if y is not None:
        chart.add_shape(type="line", y0=y, y1=y, xref="paper", x0=0, x1=1, **look)
        start = {"xref": "paper", "x": 0, "xanchor": "left"}
        place = start if along is None else {"x": _position(chart.layout.xaxis, along), "xanchor": "center"}
        place |= {"yanchor": "top" if below else "bottom"}
        chart.add_annotation(y=_position(chart.layout.yaxis, y), **place, **note)


def note(chart: go.Figure, text: str, *, x: float, y: float, **place: Any) -> None:
    """A word at a point, readable where lines pass behind it. The types of the axes are set before."""
    at = {"x": _position(chart.layout.xaxis, x), "y": _position(chart.layout.yaxis, y), **place}
    chart.add_annotation(text=text, showarrow=False, font={"size": 12}, bgcolor=_veil(), borderpad=1, **at)


def logarithmic(axis: Any, values: Iterable[Any], most: int = MOST_TICKS) -> None:
    """Make an axis logarithmic, with round labels over the range of the values that will be drawn on it."""
    numbers = np.concatenate([np.ravel(np.asarray(part, dtype=np.float64)) for part in values] or [np.ones(1)])
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if len(numbers) == 0:
        return
    low, high = float(numbers.min()), float(numbers.max())
    margin = 0.06 * log10(high / low) + 0.01
    ticks = round_values(low, high, most)
    axis.update(type="log", range=[log10(low) - margin, log10(high) + margin], tickmode="array", tickvals=ticks)
    axis.update(ticktext=[f"{tick:g}" for tick in ticks])


def inside(axis: Any, *bounds: ArrayLike) -> list[NDArray[np.float64]]:
    """The bounds as far as a logarithmic axis goes, which has no place for zero and less."""
    if axis.type != "log" or axis.range is None:
        return [np.asarray(bound, dtype=np.float64) for bound in bounds]
    low, high = (10.0**end for end in axis.range)
    return [np.clip(np.asarray(bound, dtype=np.float64), low, high) for bound in bounds]


def round_values(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Round values of a range of positive numbers, few enough to be read, for a logarithmic axis."""
    if high / low < NARROW:
        step = round_step((high - low) / most or 0.01 * high)
        first, last = ceil(low / step - 1), floor(high / step + 1)
        return [float(f"{place * step:.6g}") for place in range(max(1, first), last + 1)]
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    for digits in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{digit * 10.0**power:.4g}") for power in powers for digit in digits]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            break
    return inside[:: -(-len(inside) // most) or 1]


def round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less than a positive number."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _position(axis: Any, value: float) -> float:
    """Where Plotly takes an annotation to be: on a logarithmic axis, at the exponent."""
    return log10(value) if axis.type == "log" and value > 0 else value


def _veil() -> str:
    """What words stand on, so that they can be read where lines pass behind them."""
    return translucent(ground()["backgroundColor"], 0.75)


def translucent(colour: str, share: float) -> str:
    """The colour #RRGGBB with an opacity."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def name_lines(chart: go.Figure, least: int = 2) -> None:
    """Put a legend above a figure that has `least` named lines, and make it as much higher."""
    chart.update_traces(showlegend=False, selector=lambda trace: not trace.name)  # else Plotly calls it "trace 0"
    names = [trace.name for trace in chart.data if trace.showlegend is not False]
    if len(names) < least:
        return
    rows, width = 1, 0
    for name in names:
        needed = LEGEND_SAMPLE + LEGEND_LETTER * len(html.unescape(name))
        rows, width = (rows, width + needed) if width + needed <= LEGEND_WIDTH else (rows + 1, needed)
    chart.update_layout(showlegend=True, legend=LEGEND, height=chart.layout.height + LEGEND_ROW * rows)


def draw(chart: go.Figure, key: str, alt: str, least: int = 2) -> None:
    """Put a figure on the page, its lines named where it has `least`. alt: what it shows, in words."""
    name_lines(chart, least)
    st.plotly_chart(chart, key=key, config=CONFIG, alt=alt)
