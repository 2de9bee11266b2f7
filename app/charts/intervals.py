"""Scores with their intervals, one row for each entry, best on top: the table as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log10, nan

import plotly.graph_objects as go

from app import theme
from app.charts.frame import figure, reference, translucent
from app.text import label
from app.theme import NEUTRAL, Style
from leaderboards.rows import Board, Row, Section
from leaderboards.wording import change, with_interval

ROW, HEAD = 50, 84  # pixels
RATIOS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.2),
    *(1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100),
)
TICKS = 6  # labels on an axis, at most about
BELOW = 0.24  # of a row: where the seeds are drawn, so that the interval does not hide them


def scores(board: Board, section: Section, styles: Mapping[str, Style]) -> go.Figure:
    """The metric itself: mean, 95 % interval and every seed; the baseline's mean and the floor as lines."""
    made = _rows(section, _axis(board))
    for place, row in enumerate(section.rows):
        if row.diverged:
            _note(made, place, f"diverged ({row.diverged} of {row.seeds} seeds)")
            continue
        colour = styles[row.entry].colour
        hover = f"{label(row.entry)}<br>{with_interval(row.mean, row.ci_low, row.ci_high)}<extra></extra>"
        _interval(made, place, colour, (row.mean, row.ci_low, row.ci_high), hover)
        seeds = {seed: value for seed, value in row.values.items() if isfinite(value)}
        made.add_scatter(
            x=list(seeds.values()),
            y=[place + BELOW] * len(seeds),
            mode="markers",
            marker={"color": colour, "size": 6, "opacity": 0.9, "symbol": "circle-open"},
            customdata=list(seeds),
            hovertemplate="seed %{customdata}: %{x:.4g}<extra></extra>",
        )
    baseline = next((row for row in section.rows if row.baseline and isfinite(row.mean)), None)
    if baseline:
        reference(made, board.baseline, x=baseline.mean)
    if board.floor is not None:
        reference(made, "floor", x=board.floor, dash="dot")
    return made


def effects(board: Board, section: Section, styles: Mapping[str, Style]) -> go.Figure:
    """Each entry against the baseline, paired by seed: a ratio on a logarithmic axis, or a difference."""
    ratios = board.metric.compare == "ratio"
    made = _rows(section, f"{'change' if ratios else 'difference'} against {label(board.baseline)}")
    extent = [1.0] if ratios else [0.0]
    for place, row in enumerate(section.rows):
        effect = _effect(row)
        if not isfinite(effect[0]):
            _note(made, place, "diverged" if row.diverged else "no pairs")
            continue
        extent += [bound for bound in effect if isfinite(bound)]
        text = change(*effect) if ratios else with_interval(*effect)
        hover = f"{label(row.entry)}<br>{text}<extra></extra>"
        _interval(made, place, styles[row.entry].colour, effect, hover)
    if ratios:
        _percent_axis(made, min(extent), max(extent))
    reference(made, board.baseline, x=1.0 if ratios else 0.0)
    return made


def _rows(section: Section, x: str) -> go.Figure:
    """Axes with one row for each entry, its name above its line, so that a narrow page keeps its width for the data."""
    made = figure(x, "", height=HEAD + ROW * len(section.rows), hovermode="closest")
    made.update_yaxes(range=[len(section.rows) - 0.5, -0.75], showticklabels=False, showgrid=False, fixedrange=True)
    for place, row in enumerate(section.rows):
        rank = "" if row.rank is None else f"{'=' if section.tied(row) else ''}{row.rank}  "
        made.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yshift=15,
            text=f"{rank}{label(row.entry, 44)}",
            bgcolor=translucent(theme.ground()["backgroundColor"], 0.75),
            showarrow=False,
            font={"size": 12.5},
        )
    return made


def _interval(made: go.Figure, place: int, colour: str, at: tuple[float, float, float], hover: str) -> None:
    mean, low, high = at
    if isfinite(low) and isfinite(high):
        made.add_scatter(
            x=[low, high], y=[place, place], mode="lines", line={"color": colour, "width": 4}, hoverinfo="skip"
        )
    made.add_scatter(
        x=[mean],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 12, "symbol": "diamond"},
        hovertemplate=hover,
    )


def _note(made: go.Figure, place: int, text: str) -> None:
    """Words where there is no interval to draw."""
    made.add_annotation(
        x=1, xref="paper", xanchor="right", y=place, text=text, showarrow=False, font={"color": NEUTRAL, "size": 12}
    )


def _effect(row: Row) -> tuple[float, float, float]:
    if isfinite(row.ratio):
        return row.ratio, row.ratio_low, row.ratio_high
    return row.difference, row.difference_low, row.difference_high


def _axis(board: Board) -> str:
    unit = f", {board.metric.unit}" if board.metric.unit else ""
    return f"{board.metric.title}{unit} ({board.metric.better} is better)"


def _percent_axis(made: go.Figure, low: float, high: float) -> None:
    """A logarithmic axis of ratios, labelled with changes in per cent: few enough to be read on a phone."""
    margin = 0.08 * log10(high / low) + 0.02
    first, last = log10(low) - margin, log10(high) + margin
    ticks = [tick for tick in RATIOS if first <= log10(tick) <= last]
    apart = (last - first) / TICKS
    kept: list[float] = []
    for tick in sorted(ticks, key=lambda tick: (tick != 1, abs(log10(tick)))):
        if all(abs(log10(tick / other)) >= apart for other in kept):
            kept.append(tick)
    texts = [change(tick, nan, nan) for tick in kept]
    made.update_xaxes(type="log", range=[first, last], tickmode="array", tickvals=kept, ticktext=texts)
