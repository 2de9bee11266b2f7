"""Schedules as pictures: p(λ), λ(t), and where the training weight goes."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import figure, line
from app.style.plain_text import label
from app.style.theme import Style
from leaderboards.boards.run_views import Curve
from schedules import Schedule
from schedules.densities.density import Array
from schedules.relatives.curves import grid, times
from schedules.weightings import Weighting

Styles = Mapping[str, Style]
Named = Mapping[str, Schedule]
"""What a line is called → its schedule."""
Pairs = Mapping[str, tuple[Schedule, Weighting]]
"""The same with its loss weighting."""
DECADES = 5.0
"""Decades of training weight that are shown below the largest at the schedules' own λ."""


def density(named: Named, styles: Styles) -> go.Figure:
    """p(λ), scaled so that one spike doesn't flatten the others."""
    at = grid(list(named.values()))
    chart = figure("λ = log SNR (noise left, data right)", "p(λ)", hovermode="x unified")
    peaks = []
    for name, schedule in named.items():
        value = _finite(schedule.pdf(at))
        peaks.append(float(np.nanmax(value)))
        line(chart, name, styles[name], at, value)
    chart.update_yaxes(range=[0, 1.08 * min(max(peaks), 8 * float(np.median(peaks)))])
    return chart


def learned(curves: Mapping[str, Mapping[int, Curve]], styles: Styles) -> go.Figure:
    """p(λ) that schedules had learned at the end of training: a line for each seed."""
    chart = figure("λ = log SNR (noise left, data right)", "p(λ) at the end", hovermode="x unified")
    for name, seeds in curves.items():
        for number, (seed, curve) in enumerate(seeds.items()):
            line(chart, f"{name} seed {seed}", styles[name], curve.x, curve.y, legendgroup=label(name))
            chart.data[-1].update(name=label(name), showlegend=number == 0)
    return chart


def time_form(named: Named, styles: Styles) -> go.Figure:
    """λ(t) = Q(1 − t)."""
    t = times()
    chart = figure("t (0 data, 1 noise)", "λ(t)", hovermode="x unified")
    reach = [np.abs(schedule.logsnr(np.array([0.01, 0.99]))) for schedule in named.values()]
    span = min(20.0, 1.2 * max(1.0, float(np.nanmax(reach))))
    for name, schedule in named.items():
        line(chart, name, styles[name], t, _finite(schedule.logsnr(t)))
    chart.update_yaxes(range=[-span, span])
    return chart


def weight(named: Named, weightings: Mapping[str, Weighting], target: str, styles: Styles) -> go.Figure:
    """p(λ)·ω(λ) on the ε-error: ω holds the factor c_target(λ) where the weighting asks for the target."""
    at = grid(list(named.values()))
    chart = figure("λ = log SNR", "p(λ) · ω(λ)", height=300, hovermode="x unified")
    tops = []
    for name, schedule in named.items():
        value = _finite(schedule.pdf(at) * weightings[name](at, target, schedule))
        value[~(value > 0)] = np.nan  # a logarithm has no place for zero
        middle = (at >= schedule.ppf(0.05)) & (at <= schedule.ppf(0.95))
        tops.append(float(np.nanmax(np.where(middle, value, np.nan), initial=1e-300)))
        line(chart, name, styles[name], at, value)
    top = np.log10(max(tops)) + 0.6
    powers = range(ceil(top - DECADES), floor(top) + 1)
    ticks = {"tickvals": [10.0**power for power in powers], "ticktext": [f"10{_raised(power)}" for power in powers]}
    chart.update_yaxes(type="log", range=[top - DECADES, top], tickmode="array", **ticks)
    return chart


def _raised(power: int) -> str:
    """An exponent, small and high, in letters of its own: Plotly's takes the height of the other labels."""
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)
