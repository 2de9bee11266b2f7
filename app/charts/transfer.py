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


def correlations(transfer: Transfer) -> go.Figure:
    """Kendall's τ between the orders of two conditions with its 95 % interval; on the diagonal, between seeds."""
    names = [label(name, SHORT) for name in transfer.conditions]
    texts = [[_tau(transfer, row, column) for column in range(len(names))] for row in range(len(names))]
    return _matrix(transfer.tau, texts, names, names, -1.0, 1.0, "τ", 44)


def win_shares(wins: Wins, most: int) -> go.Figure:
    """How often, in per cent of cells and seeds, the row beats the column; bold where a test shows it."""
    labels = wins.labels[:most]
    share, verdict = wins.share[: len(labels), : len(labels)], wins.verdict[: len(labels), : len(labels)]
    texts = [
        [
            "" if np.isnan(value) else f"<b>{100 * value:.0f}</b>" if shown else f"{100 * value:.0f}"
            for value, shown in zip(*pair, strict=True)
        ]
        for pair in zip(share, verdict, strict=True)
    ]
    names = [f"{place}  {label(name, SHORT)}" for place, name in enumerate(labels, start=1)]
    across = [str(place) for place in range(1, len(labels) + 1)]
    return _matrix(share, texts, across, names, 0.0, 1.0, "wins")


def average_ranks(ranks: CriticalDifference, baseline: str, most: int) -> go.Figure:
    """Average rank of each entry; a bar joins those that the critical difference does not tell apart."""
    shown = ranks.labels[:most]
    chart = figure("average rank over seeds (1 is best)", "", height=100 + 24 * len(shown), hovermode="closest")
    chart.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=[label(name, SHORT) for name in shown],
        range=[len(shown) - 0.4, -1.9],
        showgrid=False,
    )
    colours = [theme.colour(name, baseline) for name in shown]
    for place, rank in enumerate(ranks.ranks[: len(shown)]):
        chart.add_shape(type="line", x0=1, x1=rank, y0=place, y1=place, line={"color": GRID, "width": 1})
    chart.add_scatter(
        x=ranks.ranks[: len(shown)],
        y=list(range(len(shown))),
        mode="markers",
        marker={"color": colours, "size": 10},
        customdata=[label(name) for name in shown],
        hovertemplate="%{customdata}: %{x:.2f}<extra></extra>",
    )
    reach = float(ranks.ranks[: len(shown)].max())
    gap = max(0.1, 0.03 * reach)
    # Where the difference is wider than the figure, every bar would go through all of it, and none would say anything.
    wide = 1 + ranks.cd > reach
    drawn = [clique for clique in ranks.cliques if clique[0] in shown][:CLIQUES] if not wide else []
    for index, clique in enumerate(drawn):
        places = [shown.index(name) for name in clique if name in shown]
        chart.add_shape(
            type="line", x0=reach + gap * (index + 1.5), x1=reach + gap * (index + 1.5),
            y0=min(places) - 0.25, y1=max(places) + 0.25, line={"color": NEUTRAL, "width": 2.5},
        )  # fmt: skip
    if not wide:
        chart.add_shape(
            type="line", x0=1, x1=1 + ranks.cd, y0=-0.8, y1=-0.8, line={"color": NEUTRAL, "width": 2}
        )  # fmt: skip
    more = ":<br>none of these are told apart" if wide else ""
    chart.add_annotation(
        x=0, xref="paper", y=-0.8, text=f"critical difference {ranks.cd:.2f}{more}", xanchor="left", yanchor="bottom",
        align="left", showarrow=False, font={"color": NEUTRAL, "size": 12},
    )  # fmt: skip
    chart.update_yaxes(range=[len(shown) - 0.4, -2.9 if wide else -1.9])
    chart.update_xaxes(range=[0.6, reach + gap * (len(drawn) + 2)])
    return chart


def profiles(curves: Profiles, baseline: str, metric: MetricLike) -> go.Figure:
    """The share of cells and seeds in which an entry is within a factor τ of the best."""
    x = "within this factor of the best" if curves.logarithmic else f"within this much of the best ({metric.name})"
    chart = figure(x, "share of targets and seeds", height=410, hovermode="closest")
    lit = _leading(curves, baseline)
    styles = theme.styles(lit, baseline)
    grey = [at for at, name in enumerate(curves.labels) if name not in lit]
    if len(grey) > MOST_LINES:
        _as_one(chart, curves, grey)
    for at in grey if len(grey) <= MOST_LINES else ():
        line(
            chart, curves.labels[at], theme.Style(NEUTRAL), curves.tau, curves.share[at], showlegend=False, opacity=0.28
        )
    for name in lit:
        line(chart, name, styles[name], curves.tau, curves.share[curves.labels.index(name)])
    if curves.logarithmic:
        logarithmic(chart.layout.xaxis, [curves.tau])
    chart.update_yaxes(range=[-0.02, 1.03], tickformat=".0%")
    return chart


def _as_one(chart: go.Figure, curves: Profiles, rows: list[int]) -> None:
    """Many grey lines as one with gaps, which costs a server and a browser a fraction, and has no names to point at."""
    gap = np.full((len(rows), 1), np.nan)
    x = np.hstack([np.tile(curves.tau, (len(rows), 1)), gap]).ravel()
    y = np.hstack([curves.share[rows], gap]).ravel()
    look = {"color": NEUTRAL, "width": 1.2}
    chart.add_scatter(x=x, y=y, mode="lines", line=look, opacity=0.2, hoverinfo="skip", showlegend=False)


def front(pareto: Pareto, across: str, up: str, titles: dict[str, str], baseline: str) -> go.Figure:
    """Two of the metrics: who is on the front of all of them, and, in grey, who is not."""
    at_x, at_y = pareto.metrics.index(across), pareto.metrics.index(up)
    chart = figure(titles[across], titles[up], height=340, hovermode="closest")
    rows = np.flatnonzero(pareto.front).tolist()
    few = len(rows) <= NAMED
    _points(chart, pareto, np.flatnonzero(~pareto.front), (at_x, at_y), {"size": 7, "opacity": 0.6, "color": NEUTRAL})
    if not few:
        names = [pareto.labels[row] for row in rows]
        marker = {"size": 10, "color": [theme.colour(name, baseline) for name in names]}
        texts = [label(name, 24) if name in _ends(pareto, [at_x, at_y]) else "" for name in names]
        sides = _sides(pareto.means[rows, at_x], pareto.means[:, at_x])
        _points(chart, pareto, rows, (at_x, at_y), marker, mode="markers+text", text=texts, textposition=sides)
        return chart
    styles = theme.styles([pareto.labels[row] for row in rows], baseline)
    for row in rows:
        style = styles[pareto.labels[row]]
        marker = {"size": 11, "color": style.colour, "symbol": SYMBOLS[style.dash]}
        bars: dict[str, Any] = {"error_x": _bars(pareto, [row], at_x), "error_y": _bars(pareto, [row], at_y)}
        _points(chart, pareto, [row], (at_x, at_y), marker, name=label(pareto.labels[row]), **bars)
    return chart


def _points(
    chart: go.Figure,
    pareto: Pareto,
    rows: Any,
    at: tuple[int, int],
    marker: dict[str, Any],
    mode: str = "markers",
    **more: Any,
) -> None:
    chart.add_scatter(
        x=pareto.means[rows, at[0]],
        y=pareto.means[rows, at[1]],
        mode=mode,
        marker=marker,
        customdata=[label(pareto.labels[row]) for row in rows],
        hovertemplate="%{customdata}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
        **more,
    )


def _sides(across: Array, every: Array) -> list[str]:
    """Points in the left half of the figure have their words at their right, so that these stay inside."""
    middle = (np.nanmin(every) + np.nanmax(every)) / 2
    return ["top right" if at <= middle else "bottom left" for at in across]


def _ends(ranks: Pareto, metrics: list[int]) -> list[str]:
    """The entry that is best in each of these metrics; both are on the front."""
    signs = [-1 if name in METRICS and METRICS[name].better == "higher" else 1 for name in ranks.metrics]
    return [ranks.labels[int(np.argmin(signs[at] * ranks.means[:, at]))] for at in metrics]


def _bars(pareto: Pareto, rows: list[int], at: int) -> dict[str, Any]:
    mean, low, high = (values[rows, at] for values in (pareto.means, pareto.low, pareto.high))
    return {"type": "data", "array": high - mean, "arrayminus": mean - low, "thickness": 1, "width": 0, "color": MUTED}


def _leading(ranks: Profiles, baseline: str) -> list[str]:
    """The entries whose curves lie highest, and the baseline."""
    order = np.argsort(-ranks.share.mean(axis=1), kind="stable")
    best = [ranks.labels[at] for at in order[:LIT]]
    return best if baseline in best or baseline not in ranks.labels else [*best, baseline]


def _tau(transfer: Transfer, row: int, column: int) -> str:
    value = transfer.tau[row, column]
    if np.isnan(value):
        return "–"
    text = signed(value, 2)
    low, high = transfer.low[row, column], transfer.high[row, column]
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
    chart = figure("", "", height=max(200, 80 + row * len(y)))
    chart.add_heatmap(
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
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"size": 11})
    chart.update_xaxes(showgrid=False, side="top", tickfont={"size": 12}, type="category")
    return chart
