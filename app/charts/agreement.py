"""Our score against a paper's number: what an agreement of two orders is of."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import figure, inside, logarithmic, note
from app.style import theme
from app.style.plain_text import label
from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.statistics.student_t import student


def against_the_paper(found: Agreement) -> go.Figure:
    """A point for each row, the paper's number across, our mean over seeds up, with its 95 % t interval."""
    made = figure(
        f"{found.table.metric.name}, {found.theirs} (arXiv:{found.table.source})",
        found.metric,
        360,
        hovermode="closest",
    )
    score = student(np.where(np.isfinite(found.scores), found.scores, np.nan))
    for axis, values in ((made.layout.xaxis, found.numbers), (made.layout.yaxis, score.mean)):
        if (values > 0).all():
            logarithmic(axis, [values * 0.93, values * 1.07])
    bounds = inside(made.layout.yaxis, np.nan_to_num(score.low, nan=np.inf), np.nan_to_num(score.high))
    low, high = np.minimum(bounds[0], score.mean), np.maximum(bounds[1], score.mean)
    names = [_name(found, place) for place in range(found.rows)]
    for x, y, bottom, top, name, entry in zip(found.numbers, score.mean, low, high, names, found.entries, strict=True):
        made.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=name,
            error_y={"type": "data", "symmetric": False, "array": [top - y], "arrayminus": [y - bottom], "width": 0},
            marker={"color": theme.colour(entry), "size": 9},
            hovertemplate=f"{name}: %{{x:.4g}} there, %{{y:.3g}} here<extra></extra>",
            showlegend=False,
        )
        note(made, name, x=x, y=y, xanchor="left", yanchor="bottom", xshift=5)
    return made


def _name(found: Agreement, place: int) -> str:
    """The entry; where one is there on several targets, the paper's own label."""
    repeated = found.entries.count(found.entries[place]) > 1
    return label(found.labels[place] if repeated else found.entries[place])
