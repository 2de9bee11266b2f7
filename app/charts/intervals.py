"""Scores seed by seed: what the seeds have in common cancels in a paired comparison."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import figure, inside, logarithmic, reference, translucent
from app.style import theme
from app.style.plain_text import label
from app.style.theme import NEUTRAL, Style
from leaderboards.boards.rows import Board, Row
from leaderboards.wording import with_interval

ROW, HEAD = 58, 84  # pixels
ABOVE = 21
"""Pixels from a row's marks to its name, so that neither lies on the other."""


def seeds(board: Board, rows: list[Row], styles: Mapping[str, Style]) -> go.Figure:
    """A row for each entry: mean, 95 % interval and every seed; a grey line joins the scores of one seed.

    Lines that keep the same distance are what pairing gains from: the luck of a seed is shared by all entries.
    """
    chart = figure(_axis(board), "", height=HEAD + ROW * len(rows), hovermode="closest")
    chart.update_layout(margin={"t": 28})
    chart.update_yaxes(range=[len(rows) - 0.55, -0.75], showticklabels=False, showgrid=False, fixedrange=True)
    values = [value for row in rows for value in row.values.values() if isfinite(value)]
    if board.metric.compare == "ratio" and values:
        logarithmic(chart.layout.xaxis, [values])
    for seed in sorted({seed for row in rows for seed in row.values}):
        _seed(chart, rows, seed)
    for place, row in enumerate(rows):
        _name(chart, place, row)
        if not row.diverged:
            _interval(chart, place, styles[row.entry].colour, row)
    if board.floor is not None and board.floor > 0:
        reference(chart, "floor", x=board.floor, dash="dot")
    return chart


def _seed(chart: go.Figure, rows: list[Row], seed: int) -> None:
    points = [
        (row.values[seed], place) for place, row in enumerate(rows) if isfinite(row.values.get(seed, float("nan")))
    ]
    if not points:
        return
    x, y = zip(*points, strict=True)
    chart.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": NEUTRAL, "width": 1},
        marker={"color": NEUTRAL, "size": 5},
        opacity=0.65,
        hovertemplate=f"seed {seed}: %{{x:.4g}}<extra></extra>",
    )


def _name(chart: go.Figure, place: int, row: Row) -> None:
    """Above its line, so that a narrow page keeps its width for the data."""
    chart.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=place,
        yshift=ABOVE,
        text=label(row.entry, 44) + (f", diverged ({row.diverged} of {row.seeds})" if row.diverged else ""),
        bgcolor=translucent(theme.ground()["backgroundColor"], 0.9),
        showarrow=False,
        font={"size": 12.5},
    )


def _interval(chart: go.Figure, place: int, colour: str, row: Row) -> None:
    if isfinite(row.ci_low) and isfinite(row.ci_high):
        bar = {"color": translucent(colour, 0.5), "width": 7}
        chart.add_scatter(
            x=np.array(inside(chart.layout.xaxis, row.ci_low, row.ci_high)),
            y=[place, place],
            mode="lines",
            line=bar,
            hoverinfo="skip",
        )
    chart.add_scatter(
        x=[row.mean],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 12, "symbol": "diamond"},
        hovertemplate=f"{label(row.entry)}<br>{with_interval(row.mean, row.ci_low, row.ci_high)}<extra></extra>",
    )


def _axis(board: Board) -> str:
    unit = f", {board.metric.unit}" if board.metric.unit else ""
    return f"{board.metric.title}{unit} ({board.metric.better} is better)"
