"""What training looked like: the loss along the way, the metric against the budget, the metric against guidance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.frame import band, figure, line, logarithmic, points, reference
from app.theme import Style
from leaderboards.rows import Board
from leaderboards.scale import MetricLike, Scale
from leaderboards.views import Curve

LOSS_POINTS = 80


def losses(curves: Mapping[str, Mapping[int, Curve]], styles: Mapping[str, Style]) -> go.Figure:
    """Training loss, averaged over seeds in equal shares of the budget, with the range of the seeds.

    curves: entry → seed → curve
    """
    made = figure("optimiser steps", "training loss", hovermode="x unified")
    found = {name: [_binned(curve) for curve in seeds.values()] for name, seeds in curves.items()}
    logarithmic(made.layout.yaxis, (curve.y for binned in found.values() for curve in binned))
    for name, binned in found.items():
        steps = binned[0].x
        values = np.array([np.interp(steps, curve.x, curve.y) for curve in binned])
        if len(values) > 1:
            band(made, styles[name], steps, values.min(axis=0), values.max(axis=0))
        line(made, name, styles[name], steps, values.mean(axis=0))
    return made


def budget(marks: pd.DataFrame, metric: MetricLike, baseline: str, styles: Mapping[str, Style]) -> go.Figure:
    """Score against the share of the budget: a line over the mean of the seeds, each seed a point.

    The horizontal line is where the baseline ends: where another entry crosses it, the speed-up is read off.
    marks: label, seed, mark, value
    """
    scale = Scale.of(metric)
    made = figure("share of the budget", f"{metric.title}, unguided")
    made.update_xaxes(type="log", tickmode="array", tickvals=[0.1, 0.25, 0.5, 1], tickformat=".0%")
    if scale.logarithmic:
        logarithmic(made.layout.yaxis, [marks["value"]])
    for name in (name for name in styles if name in set(marks["label"])):
        own = marks[marks["label"] == name]
        means = own.groupby("mark")["value"].agg(lambda values: _mean(values, scale))
        x, y = means.index.to_numpy(dtype=float), means.to_numpy(dtype=float)
        points(made, name, styles[name], own["mark"], own["value"], [f"seed {seed}" for seed in own["seed"]])
        line(made, name, styles[name], x, y, mode="lines+markers")
        if name == baseline:
            reference(made, f"{baseline} ends here", y=float(y[-1]))
    return made


def guidance(boards: Mapping[float, Board], target: str, styles: Mapping[str, Style]) -> go.Figure:
    """Score against the guidance scale, with 95 % intervals over seeds.

    boards: scale → the board at that scale;  target: the section to read from each
    """
    metric = next(iter(boards.values())).metric
    made = figure("guidance scale", metric.title)
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for scale, board in boards.items():
        for row in next((section.rows for section in board.sections if section.target == target), ()):
            if row.entry in styles and np.isfinite(row.mean):
                found.setdefault(row.entry, []).append((scale, row.mean, row.ci_low, row.ci_high))
    if metric.compare == "ratio":
        logarithmic(made.layout.yaxis, [[row[1:] for row in rows] for rows in found.values()])
    for name in (name for name in styles if name in found):
        x, mean, low, high = np.array(found[name]).T
        around = {"type": "data", "array": high - mean, "arrayminus": mean - low, "thickness": 1.2, "width": 3}
        line(made, name, styles[name], x, mean, mode="lines+markers", error_y=around)
    floor = next(iter(boards.values())).floor
    if floor is not None and floor > 0:
        reference(made, "floor", y=floor, dash="dot")
    return made


def _mean(values: pd.Series, scale: Scale) -> float:
    """Over seeds, on the scale that the metric is compared on: geometric for distances."""
    return float(scale.back(np.nanmean(scale.to(values.to_numpy(dtype=float)), keepdims=True))[0])


def _binned(curve: Curve) -> Curve:
    """Averages over equal shares of the curve, because the loss of a single batch is mostly noise."""
    if len(curve.x) <= LOSS_POINTS:
        return curve
    parts = np.array_split(np.arange(len(curve.x)), LOSS_POINTS)
    return Curve(np.array([curve.x[part].mean() for part in parts]), np.array([curve.y[part].mean() for part in parts]))
