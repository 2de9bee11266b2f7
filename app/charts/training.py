"""What training looked like: the loss along the way, the metric against the budget, the metric against guidance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import log10, sqrt

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.frame import BAND_SEEDS, band, figure, inside, line, logarithmic, note, reference
from app.style.plain_text import label
from app.style.theme import Style
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.boards.run_views import Curve
from leaderboards.data.scale import MetricLike, Scale
from leaderboards.statistics.student_t import Array, Estimate, student

LOSS_POINTS = 80
LEVEL = 19  # pixels from a word to the one above it, of 12 points on a ground of its own
WORD = 0.14
"""Width of a word along the budget, in powers of ten: a quarter of the figure, as a phone has it."""
LATE = 0.72
"""Share of the budget from which a word stands to the left of its star: to the right it would leave the figure."""
TALL = 200  # pixels between the axes' ends at least

Curves = dict[str, dict[int, Curve]]
"""entry → seed → curve"""


def losses(curves: Mapping[str, Mapping[int, Curve]], styles: Mapping[str, Style]) -> go.Figure:
    """Training loss, averaged over seeds in equal shares of the budget, with the range of the seeds.

    curves: entry → seed → curve
    """
    chart = figure("optimiser steps", "training loss", hovermode="x unified")
    by_entry = {name: [_binned(curve) for curve in curves[name].values()] for name in styles if name in curves}
    logarithmic(chart.layout.yaxis, (curve.y for binned in by_entry.values() for curve in binned))
    for name, binned in by_entry.items():
        steps = binned[0].x
        values = np.array([np.interp(steps, curve.x, curve.y) for curve in binned])
        if len(values) > 1:
            band(chart, styles[name], steps, values.min(axis=0), values.max(axis=0))
        line(chart, name, styles[name], steps, values.mean(axis=0))
    return chart


def budget(marks: pd.DataFrame, metric: MetricLike, section: Section, styles: Mapping[str, Style]) -> go.Figure:
    """Score against the share of the budget: a line over the mean of the seeds, from three with its 95 % interval.

    The horizontal line is where the baseline ends; a star is where another entry gets there, with its speed-up.
    marks: label, seed, mark, value
    """
    scale = Scale.of(metric)
    chart = figure("share of the budget", f"{metric.title}, unguided")
    chart.update_xaxes(type="log", tickmode="array", tickvals=[0.1, 0.25, 0.5, 1], tickformat=".0%")
    if scale.logarithmic:
        logarithmic(chart.layout.yaxis, [marks["value"]])
    rows = {row.entry: row for row in section.rows}
    end: float | None = None
    for name in (name for name in styles if name in set(marks["label"])):
        x, estimate = _along(marks[marks["label"] == name], scale)
        mean, low, high = (scale.back(bound) for bound in (estimate.mean, estimate.low, estimate.high))
        if estimate.n.min() >= BAND_SEEDS and np.isfinite(low).all():
            band(chart, styles[name], x, low, high)
        line(chart, name, styles[name], x, mean, mode="lines+markers")
        if name in rows and rows[name].baseline:
            end = float(mean[-1])
    if end is not None:
        reached = [rows[name] for name in styles if name in rows and _is_marked(rows[name])]
        between = _between(marks["mark"].unique(), [1 / row.speedup for row in reached if row.speedup])
        name = next(name for name in styles if name in rows and rows[name].baseline)
        reference(chart, f"{name} ends here", y=end, below=True, along=between)
        _speedups(chart, reached, end, styles)
    return chart


def _along(own: pd.DataFrame, scale: Scale) -> tuple[Array, Estimate]:
    """The marks of an entry, and mean and interval over seeds at each, on the scale that the metric is compared on."""
    wide = own.pivot_table(index="mark", columns="seed", values="value", observed=True)
    return wide.index.to_numpy(dtype=float), student(scale.to(wide.to_numpy(dtype=float)))


def _is_marked(row: Row) -> bool:
    """Whether an entry's speed-up has a star: not where it is next to none, or beyond all sense."""
    return not row.baseline and row.speedup is not None and 1.02 < row.speedup < 100


def _between(marks: Iterable[float], stars: Sequence[float]) -> float | None:
    """Where along the budget a word covers no point: between two marks, as far as can be from stars. None: one mark"""
    ordered = sorted(float(mark) for mark in marks)
    gaps = [sqrt(low * high) for low, high in pairwise(ordered)]
    return max(gaps, key=lambda gap: (min((abs(log10(star / gap)) for star in stars), default=0.0), gap), default=None)


def _speedups(chart: go.Figure, reached: Sequence[Row], end: float, styles: Mapping[str, Style]) -> None:
    """A star where each entry reaches the score that the baseline ends with, its speed-up above and beside it.

    Above a mark of the budget every line has a point, which a word would cover. Words that would lie on each other
    stand on several levels, each behind a star in its entry's colour.
    """
    shares = [1 / row.speedup for row in reached if row.speedup]
    for row, share, level in zip(reached, shares, levels(shares), strict=True):
        colour, text = styles[row.entry].colour, f"{'≥' if row.speedup_note.startswith('>=') else ''}{1 / share:.1f}×"
        chart.add_scatter(
            x=[share],
            y=[end],
            mode="markers",
            marker={"color": colour, "size": 13, "symbol": "star"},
            hovertemplate=f"{text} sooner<extra>{label(row.entry)}</extra>",
            showlegend=False,
        )
        word = f'<span style="color:{colour}">★</span> <b>{text}</b>'
        side = {"xanchor": "right", "xshift": -6} if share > LATE else {"xanchor": "left", "xshift": 6}
        note(chart, word, x=share, y=end, yshift=17 + LEVEL * level, **side)
    if shares:
        _make_room(chart, end, 17 + LEVEL * (max(levels(shares)) + 0.5))


def _make_room(chart: go.Figure, end: float, pixels: float) -> None:
    """Let a logarithmic axis go on so many pixels above a value, so that words there reach no legend."""
    axis = chart.layout.yaxis
    if axis.range is None or end <= 0:
        return
    (low, high), share = axis.range, min(pixels / TALL, 0.6)
    axis.range = [low, max(high, (log10(end) - share * low) / (1 - share))]


def levels(shares: Sequence[float]) -> list[int]:
    """For each share of the budget the lowest level on which its word has room beside those before it."""
    taken: list[tuple[float, int]] = []
    for start in (log10(share) - (WORD if share > LATE else 0.0) for share in shares):
        near = {level for other, level in taken if abs(start - other) < WORD}
        taken.append((start, next(level for level in range(len(shares)) if level not in near)))
    return [level for _, level in taken]


def guidance(boards: Mapping[float, Board], target: str, styles: Mapping[str, Style]) -> go.Figure:
    """Score against the guidance scale, with 95 % intervals over seeds.

    boards: scale → the board at that scale;  target: the section to read from each
    """
    metric = next(iter(boards.values())).metric
    chart = figure("guidance scale", metric.title)
    points: dict[str, list[tuple[float, float, float, float]]] = {}
    for scale, board in boards.items():
        for row in next((section.rows for section in board.sections if section.target == target), ()):
            if row.entry in styles and np.isfinite(row.mean):
                points.setdefault(row.entry, []).append((scale, row.mean, row.ci_low, row.ci_high))
    if metric.compare == "ratio":
        # Intervals of two seeds may go on past the edge: they would press the means into a line.
        means = np.array([row[1] for rows in points.values() for row in rows])
        ends = np.clip([row[2:] for rows in points.values() for row in rows], 0.6 * means.min(), means.max() / 0.6)
        logarithmic(chart.layout.yaxis, [means, ends])
    for name in (name for name in styles if name in points):
        x, mean, *ends = np.array(points[name]).T
        low, high = inside(chart.layout.yaxis, *ends)
        around = {"type": "data", "array": high - mean, "arrayminus": mean - low, "thickness": 1.2, "width": 3}
        line(chart, name, styles[name], x, mean, mode="lines+markers", error_y=around)
    floor = next(iter(boards.values())).floor
    if floor is not None and floor > 0:
        reference(chart, "floor", y=floor, dash="dot")
    return chart


def _binned(curve: Curve) -> Curve:
    """Averages over equal shares of the curve, because the loss of a single batch is mostly noise."""
    if len(curve.x) <= LOSS_POINTS:
        return curve
    parts = np.array_split(np.arange(len(curve.x)), LOSS_POINTS)
    return Curve(np.array([curve.x[part].mean() for part in parts]), np.array([curve.y[part].mean() for part in parts]))
