"""Tuning as pictures: the search along its trials, and Optuna's own figures in this app's look."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from optuna import Study, importance, visualization
from optuna.trial import FrozenTrial, TrialState
from plotly.subplots import make_subplots

from app.charts.frame import GRID, figure, logarithmic, translucent
from app.style.plain_text import label
from app.style.theme import COLOURS, NEUTRAL

BLUE, PALE = COLOURS[0], "#A9CFE8"
ACROSS = 2
"""Slices side by side: as many as a phone has room for."""
SLICE_TICKS = 4


def history(trials: Sequence[FrozenTrial], direction: str, metric: str) -> go.Figure:
    """Every trial's value, and the best so far; a pruned one stands at its last report."""
    chart = figure("trial", metric, hovermode="closest")
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None]
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED and trial.intermediate_values]
    last = [trial.intermediate_values[max(trial.intermediate_values)] for trial in pruned]
    values = [float(trial.value or 0.0) for trial in done]
    if all(value > 0 for value in [*values, *last]) and values:
        logarithmic(chart.layout.yaxis, [np.array([*values, *last])])
    _points(chart, "pruned", [trial.number for trial in pruned], last, NEUTRAL, "x-thin-open")
    _points(chart, "complete", [trial.number for trial in done], values, translucent(BLUE, 0.55), "circle")
    pick = np.maximum if direction == "maximize" else np.minimum
    if values:
        best = pick.accumulate(values)
        last_of_all = max(trial.number for trial in trials)
        chart.add_scatter(
            x=[*(trial.number for trial in done), last_of_all],
            y=[*best, best[-1]],
            mode="lines",
            name="best so far",
            line={"color": BLUE, "width": 2.2, "shape": "hv"},
        )
    return chart


def importances(study: Study) -> go.Figure:
    """The share of the objective's variance that each parameter explains (fANOVA, Hutter et al. 2014)."""
    shares = sorted(importance.get_param_importances(study).items(), key=lambda pair: pair[1])
    chart = figure("share of the variance explained", "", height=90 + 38 * len(shares))
    chart.add_bar(
        x=[share for _, share in shares],
        y=[label(name) for name, _ in shares],
        orientation="h",
        marker={"color": BLUE, "opacity": 0.85},
        text=[f"{share:.0%}" for _, share in shares],
        textposition="auto",
        hoverinfo="skip",
    )
    chart.update_xaxes(range=[0, 1], tickformat=".0%")
    chart.update_yaxes(showgrid=False)
    return chart


def slices(study: Study, metric: str) -> go.Figure:
    """The value against each parameter by itself; later trials are darker."""
    done = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    names = sorted({name for trial in done for name in trial.params})
    rows = ceil(len(names) / ACROSS)
    chart = make_subplots(
        rows, min(ACROSS, len(names)), shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.3 / rows
    )
    for place, name in enumerate(names):
        at = {"row": place // ACROSS + 1, "col": place % ACROSS + 1}
        own = [trial for trial in done if name in trial.params]
        chart.add_scatter(
            x=[trial.params[name] for trial in own],
            y=[trial.value for trial in own],
            mode="markers",
            marker={"color": [trial.number for trial in own], "colorscale": [[0, PALE], [1, BLUE]], "size": 7},
            customdata=[trial.number for trial in own],
            hovertemplate="trial %{customdata}: %{y:.4g} at %{x}<extra></extra>",
            showlegend=False,
            **at,
        )
        spread = own[0].distributions[name]
        chart.update_xaxes(title=label(name), nticks=5, **at)
        if getattr(spread, "log", False):
            logarithmic(next(chart.select_xaxes(**at)), [[trial.params[name] for trial in own]], SLICE_TICKS)
    chart.update_yaxes(title=metric, col=1)
    chart.update_xaxes(tickangle=0)
    return _dressed(chart, 60 + 210 * rows)


def contour(study: Study, params: Sequence[str], metric: str) -> go.Figure:
    """The value over two parameters."""
    chart = visualization.plot_contour(study, params=list(params), target_name=metric)
    chart.update_traces(
        colorscale=[[0, BLUE], [0.5, PALE], [1, "#F3EDE4"]], reversescale=False, selector={"type": "contour"}
    )
    bar: dict[str, Any] = {
        "orientation": "h",
        "thickness": 10,
        "x": 0,
        "xanchor": "left",
        "y": 1.03,
        "yanchor": "bottom",
        "len": 0.6,
    }
    bar |= {"ypad": 2, "outlinewidth": 0, "nticks": 4, "title": {"text": metric, "side": "top"}}
    chart.update_traces(colorbar=bar, selector={"type": "contour"})
    chart.update_traces(line={"width": 0.4, "color": NEUTRAL}, selector={"type": "contour"})
    chart.update_traces(marker={"color": "#1B2330", "size": 5, "line": {"width": 0}}, selector={"type": "scatter"})
    chart.update_xaxes(nticks=6, tickangle=0)
    chart.update_yaxes(nticks=6)
    for axis, name in zip((chart.layout.xaxis, chart.layout.yaxis), params, strict=True):
        if axis.type == "log":
            logarithmic(axis, [[trial.params[name] for trial in study.trials if name in trial.params]])
    # Without a standoff the title of a horizontal axis under a contour is drawn on top of the axis's numbers.
    return _dressed(chart, 460).update_xaxes(title_standoff=30)


def _points(chart: go.Figure, name: str, x: Sequence[int], y: Sequence[float], colour: str, symbol: str) -> None:
    chart.add_scatter(
        x=x,
        y=y,
        mode="markers",
        name=name,
        marker={"color": colour, "size": 7, "symbol": symbol, "line": {"color": colour, "width": 1.4}},
        hovertemplate=f"trial %{{x}}: %{{y:.4g}}<extra>{name}</extra>",
    )


def _dressed(chart: go.Figure, height: int) -> go.Figure:
    """Optuna's figure in this app's look."""
    chart.update_layout(title=None, height=height, margin={"l": 8, "r": 12, "t": 12, "b": 8}, template=None)
    chart.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    chart.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    chart.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    return chart
