"""Whether an order holds: rank correlations, average ranks, performance profiles, wins, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import GRID, figure, line, logarithmic, translucent
from app.style import theme
from app.style.plain_text import label
from app.style.theme import COLOURS, NEUTRAL
from leaderboards.boards.query import METRICS
from leaderboards.comparisons.views.pareto import Pareto
from leaderboards.comparisons.views.profiles import Profiles
from leaderboards.comparisons.views.ranks import CriticalDifference
from leaderboards.comparisons.views.transfer import Transfer
from leaderboards.comparisons.views.wins import Wins
from leaderboards.data.scale import MetricLike
from leaderboards.statistics.student_t import Array
from leaderboards.wording import signed

WORSE, BETTER = translucent(COLOURS[1], 0.55), translucent(COLOURS[0], 0.6)
NEITHER = "rgba(133, 140, 152, 0.06)"
LIT = 6
"""Entries that are drawn in colour; the others are there, and grey."""
MOST_LINES = 40
"""Grey lines that are each drawn by itself."""
NAMED = 8
"""Entries on a front that are all named; of more, the best in either metric."""
SYMBOLS = {"solid": "circle", "dash": "square", "dot": "diamond", "dashdot": "triangle-up"}
"""The point that goes with a line's dash: it tells entries of one colour apart."""
CLIQUES = 4
"""Groups that the critical difference joins: further ones begin far down, and would fill the figure with bars."""
SHORT = 22
"""Characters of a name beside a matrix, so that a phone has room for its numbers."""
MUTED = "rgba(133, 140, 152, 0.28)"


def correlations(found: Transfer) -> go.Figure:
    """Kendall's τ between the orders of two conditions with its 95 % interval; on the diagonal, between seeds."""
    names = [label(name, SHORT) for name in found.conditions]
    texts = [[_tau(found, row, column) for column in range(len(names))] for row in range(len(names))]
    return _matrix(found.tau, texts, names, names, -1.0, 1.0, "τ", 44)


def win_shares(found: Wins, most: int) -> go.Figure:
    """How often, in per cent of cells and seeds, the row beats the column; bold where a test shows it."""
    kept = found.labels[:most]
    share, verdict = found.share[: len(kept), : len(kept)], found.verdict[: len(kept), : len(kept)]
    texts = [
        [
            "" if np.isnan(value) else f"<b>{100 * value:.0f}</b>" if shown else f"{100 * value:.0f}"
            for value, shown in zip(*pair, strict=True)
        ]
        for pair in zip(share, verdict, strict=True)
    ]
    names = [f"{place}  {label(name, SHORT)}" for place, name in enumerate(kept, start=1)]
    across = [str(place) for place in range(1, len(kept) + 1)]
    return _matrix(share, texts, across, names, 0.0, 1.0, "wins")


def average_ranks(found: CriticalDifference, baseline: str, most: int) -> go.Figure:
    """Average rank of each entry; a bar joins those that the critical difference does not tell apart."""
    kept = found.labels[:most]
    made = figure("average rank over seeds (1 is best)", "", height=100 + 24 * len(kept), hovermode="closest")
    made.update_yaxes(
        tickvals=list(range(len(kept))),
        ticktext=[label(name, SHORT) for name in kept],
        range=[len(kept) - 0.4, -1.9],
        showgrid=False,
    )
    colours = [theme.colour(name, baseline) for name in kept]
    for place, rank in enumerate(found.ranks[: len(kept)]):
        made.add_shape(type="line", x0=1, x1=rank, y0=place, y1=place, line={"color": GRID, "width": 1})
    made.add_scatter(
        x=found.ranks[: len(kept)],
        y=list(range(len(kept))),
        mode="markers",
        marker={"color": colours, "size": 10},
        customdata=[label(name) for name in kept],
        hovertemplate="%{customdata}: %{x:.2f}<extra></extra>",
    )
    reach = float(found.ranks[: len(kept)].max())
    gap = max(0.1, 0.03 * reach)
    # Where the difference is wider than the figure, every bar would go through all of it, and none would say anything.
    wide = 1 + found.cd > reach
    drawn = [clique for clique in found.cliques if clique[0] in kept][:CLIQUES] if not wide else []
    for index, clique in enumerate(drawn):
        places = [kept.index(name) for name in clique if name in kept]
        made.add_shape(
            type="line", x0=reach + gap * (index + 1.5), x1=reach + gap * (index + 1.5),
            y0=min(places) - 0.25, y1=max(places) + 0.25, line={"color": NEUTRAL, "width": 2.5},
        )  # fmt: skip
    if not wide:
        made.add_shape(
            type="line", x0=1, x1=1 + found.cd, y0=-0.8, y1=-0.8, line={"color": NEUTRAL, "width": 2}
        )  # fmt: skip
    more = ":<br>none of these are told apart" if wide else ""
    made.add_annotation(
        x=0, xref="paper", y=-0.8, text=f"critical difference {found.cd:.2f}{more}", xanchor="left", yanchor="bottom",
        align="left", showarrow=False, font={"color": NEUTRAL, "size": 12},
    )  # fmt: skip
    made.update_yaxes(range=[len(kept) - 0.4, -2.9 if wide else -1.9])
    made.update_xaxes(range=[0.6, reach + gap * (len(drawn) + 2)])
    return made


def profiles(found: Profiles, baseline: str, metric: MetricLike) -> go.Figure:
    """The share of cells and seeds in which an entry is within a factor τ of the best."""
    x = "within this factor of the best" if found.logarithmic else f"within this much of the best ({metric.name})"
    made = figure(x, "share of targets and seeds", height=410, hovermode="closest")
    lit = _leading(found, baseline)
    styles = theme.styles(lit, baseline)
    grey = [at for at, name in enumerate(found.labels) if name not in lit]
    if len(grey) > MOST_LINES:
        _as_one(made, found, grey)
    for at in grey if len(grey) <= MOST_LINES else ():
        line(made, found.labels[at], theme.Style(NEUTRAL), found.tau, found.share[at], showlegend=False, opacity=0.28)
    for name in lit:
        line(made, name, styles[name], found.tau, found.share[found.labels.index(name)])
    if found.logarithmic:
        logarithmic(made.layout.xaxis, [found.tau])
    made.update_yaxes(range=[-0.02, 1.03], tickformat=".0%")
    return made


def _as_one(made: go.Figure, found: Profiles, rows: list[int]) -> None:
    """Many grey lines as one with gaps, which costs a server and a browser a fraction, and has no names to point at."""
    gap = np.full((len(rows), 1), np.nan)
    x = np.hstack([np.tile(found.tau, (len(rows), 1)), gap]).ravel()
    y = np.hstack([found.share[rows], gap]).ravel()
    look = {"color": NEUTRAL, "width": 1.2}
    made.add_scatter(x=x, y=y, mode="lines", line=look, opacity=0.2, hoverinfo="skip", showlegend=False)


def front(found: Pareto, across: str, up: str, titles: dict[str, str], baseline: str) -> go.Figure:
    """Two of the metrics: who is on the front of all of them, and, in grey, who is not."""
    at_x, at_y = found.metrics.index(across), found.metrics.index(up)
    made = figure(titles[across], titles[up], height=340, hovermode="closest")
    rows = np.flatnonzero(found.front).tolist()
    few = len(rows) <= NAMED
    _points(made, found, np.flatnonzero(~found.front), (at_x, at_y), {"size": 7, "opacity": 0.6, "color": NEUTRAL})
    if not few:
        names = [found.labels[row] for row in rows]
        marker = {"size": 10, "color": [theme.colour(name, baseline) for name in names]}
        texts = [label(name, 24) if name in _ends(found, [at_x, at_y]) else "" for name in names]
        sides = _sides(found.means[rows, at_x], found.means[:, at_x])
        _points(made, found, rows, (at_x, at_y), marker, mode="markers+text", text=texts, textposition=sides)
        return made
    styles = theme.styles([found.labels[row] for row in rows], baseline)
    for row in rows:
        style = styles[found.labels[row]]
        marker = {"size": 11, "color": style.colour, "symbol": SYMBOLS[style.dash]}
        bars: dict[str, Any] = {"error_x": _bars(found, [row], at_x), "error_y": _bars(found, [row], at_y)}
        _points(made, found, [row], (at_x, at_y), marker, name=label(found.labels[row]), **bars)
    return made


def _points(
    made: go.Figure,
    found: Pareto,
    rows: Any,
    at: tuple[int, int],
    marker: dict[str, Any],
    mode: str = "markers",
    **more: Any,
) -> None:
    made.add_scatter(
        x=found.means[rows, at[0]],
        y=found.means[rows, at[1]],
        mode=mode,
        marker=marker,
        customdata=[label(found.labels[row]) for row in rows],
        hovertemplate="%{customdata}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
        **more,
    )


def _sides(across: Array, every: Array) -> list[str]:
    """Points in the left half of the figure have their words at their right, so that these stay inside."""
    middle = (np.nanmin(every) + np.nanmax(every)) / 2
    return ["top right" if at <= middle else "bottom left" for at in across]


def _ends(found: Pareto, metrics: list[int]) -> list[str]:
    """The entry that is best in each of these metrics; both are on the front."""
    signs = [-1 if name in METRICS and METRICS[name].better == "higher" else 1 for name in found.metrics]
    return [found.labels[int(np.argmin(signs[at] * found.means[:, at]))] for at in metrics]


def _bars(found: Pareto, rows: list[int], at: int) -> dict[str, Any]:
    mean, low, high = (values[rows, at] for values in (found.means, found.low, found.high))
    return {"type": "data", "array": high - mean, "arrayminus": mean - low, "thickness": 1, "width": 0, "color": MUTED}


def _leading(found: Profiles, baseline: str) -> list[str]:
    """The entries whose curves lie highest, and the baseline."""
    order = np.argsort(-found.share.mean(axis=1), kind="stable")
    best = [found.labels[at] for at in order[:LIT]]
    return best if baseline in best or baseline not in found.labels else [*best, baseline]


def _tau(found: Transfer, row: int, column: int) -> str:
    value = found.tau[row, column]
    if np.isnan(value):
        return "–"
    text = signed(value, 2)
    low, high = found.low[row, column], found.high[row, column]
    return f"{text}<br>[{signed(low, 2)}, {signed(high, 2)}]" if np.isfinite(low) and np.isfinite(high) else text


def _matrix(
    values: Array,
    texts: Sequence[Sequence[str]],
    x: Sequence[str],
    y: Sequence[str],
    low: float,
    high: float,
    name: str,
    row: int = 27,
) -> go.Figure:
    """A matrix in two hues: blue above the middle, orange below it. row: the height of one, in pixels."""
    made = figure("", "", height=max(200, 80 + row * len(y)))
    made.add_heatmap(
        z=values,
        x=list(x),
        y=list(y),
        text=texts,
        texttemplate="%{text}",
        textfont={"color": theme.ground()["textColor"], "size": 11},
        zmin=low,
        zmax=high,
        colorscale=[[0, WORSE], [0.5, NEITHER], [1, BETTER]],
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate=f"%{{y}} × %{{x}}: {name} %{{z:.2f}}<extra></extra>",
    )
    made.update_yaxes(autorange="reversed", showgrid=False, tickfont={"size": 11})
    made.update_xaxes(showgrid=False, side="top", tickfont={"size": 12}, type="category")
    return made
