"""Our score against a paper's number: what an agreement of two orders is of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import figure, inside, logarithmic, note
from app.style import theme
from app.style.plain_text import label
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.statistics.student_t import Array, student


def against_the_paper(comparison: Agreement) -> go.Figure:
    """A point for each row, the paper's number across, our mean over seeds up, with its 95 % t interval."""
    chart = figure(
        f"{comparison.table.metric.name}, {comparison.theirs} (arXiv:{comparison.table.source})",
        comparison.metric,
        360,
        hovermode="closest",
    )
    score = student(np.where(np.isfinite(comparison.scores), comparison.scores, np.nan))
    for axis, values in ((chart.layout.xaxis, comparison.numbers), (chart.layout.yaxis, score.mean)):
        if (values > 0).all():
            logarithmic(axis, [values * 0.93, values * 1.07])
    bounds = inside(chart.layout.yaxis, np.nan_to_num(score.low, nan=np.inf), np.nan_to_num(score.high))
    low, high = np.minimum(bounds[0], score.mean), np.maximum(bounds[1], score.mean)
    names = [_name(comparison, place) for place in range(comparison.rows)]
    corners = _corners(_share(comparison.numbers), _share(score.mean, low, high), _share(low, low, high),
                       _share(high, low, high), names)  # fmt: skip
    for x, y, bottom, top, name, entry, (side, edge) in zip(
        comparison.numbers, score.mean, low, high, names, comparison.entries, corners, strict=True
    ):
        chart.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=name,
            error_y={"type": "data", "symmetric": False, "array": [top - y], "arrayminus": [y - bottom], "width": 0},
            marker={"color": theme.colour(entry), "size": 9},
            hovertemplate=f"{name}: %{{x:.4g}} there, %{{y:.3g}} here<extra></extra>",
            showlegend=False,
        )
        note(chart, name, x=x, y=y, xanchor=side, yanchor=edge, xshift=5 if side == "left" else -5)
    return chart


def _share(values: Array, *ends: Array) -> Array:
    """Where on a logarithmic axis from the least to the largest value, 0 to 1."""
    every = np.log(np.maximum(np.concatenate([values, *ends]), np.finfo(float).tiny))
    return (every[: len(values)] - every.min()) / max(np.ptp(every), 1e-12)


def _corners(x: Array, y: Array, bottom: Array, top: Array, names: Sequence[str]) -> list[tuple[str, str]]:
    """For each name the anchors at which it covers least: others' dots first, names that are placed, then intervals.

    Those at the sides, with the least room, are placed first. x, y, bottom, top: shares of the axes; a letter is taken
    as 1/36 of the width, as on a phone, a line as 1/14 of the height
    """
    placed: list[tuple[float, float, float, float]] = []
    chosen: dict[int, tuple[str, str]] = {}
    for place in sorted(range(len(names)), key=lambda place: -abs(float(x[place]) - 0.5)):
        costs = {}
        for edge in ("bottom", "top"):
            for side in ("left", "right") if x[place] < 0.5 else ("right", "left"):  # the middle first
                wide, high = len(names[place]) / 36, 1 / 14
                left = float(x[place]) + (0.01 if side == "left" else -0.01 - wide)
                low = float(y[place]) - (0.0 if edge == "bottom" else high)
                within = (x > left - 0.01) & (x < left + wide + 0.01) & (np.arange(len(x)) != place)
                dots = int((within & (y > low - 0.02) & (y < low + high + 0.02)).sum())
                lines = int((within & (bottom < low + high) & (top > low)).sum())
                words = sum(left < b and a < left + wide and low < d and c < low + high for a, b, c, d in placed)
                outside = max(0.0, -0.05 - left) + max(0.0, left + wide - 1.05)
                box = (left, left + wide, low, low + high)
                costs[side, edge] = (10 * dots + 5 * words + lines + 100 * outside, box)
        chosen[place] = min(costs, key=lambda corner: costs[corner][0])
        placed.append(costs[chosen[place]][1])
    return [chosen[place] for place in range(len(names))]


def _name(comparison: Agreement, place: int) -> str:
    """The entry; where one is there on several targets, the paper's own label."""
    repeated = comparison.entries.count(comparison.entries[place]) > 1
    return label(comparison.labels[place] if repeated else comparison.entries[place])
