"""Our score against a paper's number: what an agreement of two orders is of."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import figure, inside, logarithmic, note
from app.style import theme
from app.style.plain_text import label
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.statistics.student_t import student


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
    middle = (comparison.numbers.min() + comparison.numbers.max()) / 2
    names = [_name(comparison, place) for place in range(comparison.rows)]
    for x, y, bottom, top, name, entry in zip(
        comparison.numbers, score.mean, low, high, names, comparison.entries, strict=True
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
        # Towards the middle, where there is room for it.
        side, shift = ("left", 5) if x < middle else ("right", -5)
        note(chart, name, x=x, y=y, xanchor=side, yanchor="bottom", xshift=shift)
    return chart


def _name(comparison: Agreement, place: int) -> str:
    """The entry; where one is there on several targets, the paper's own label."""
    repeated = comparison.entries.count(comparison.entries[place]) > 1
    return label(comparison.labels[place] if repeated else comparison.entries[place])
