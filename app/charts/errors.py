"""The held-out ε-error against λ: where along the noise an entry is better than the baseline, and where worse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import band, figure, line, logarithmic, reference
from app.text import label
from app.theme import Style
from leaderboards.statistics import Estimate, student
from leaderboards.views import Curve

Curves = Mapping[str, Mapping[int, Curve]]
"""entry → seed → curve, all on the track's λ grid."""


def absolute(curves: Curves, styles: Mapping[str, Style]) -> go.Figure:
    """E‖ε − ε̂‖² per dimension, the mean over seeds."""
    made = figure("λ = log SNR", "ε-error", hovermode="x unified")
    logarithmic(made.layout.yaxis, (curve.y for seeds in curves.values() for curve in seeds.values()))
    for name, seeds in curves.items():
        first = next(iter(seeds.values()))
        line(made, name, styles[name], first.x, np.mean([curve.y for curve in seeds.values()], axis=0))
    return made


def relative(curves: Curves, baseline: str, styles: Mapping[str, Style]) -> go.Figure:
    """The same divided by the baseline's, paired by seed: geometric mean and its 95 % interval at each λ."""
    made = figure("λ = log SNR", f"ε-error ÷ {label(baseline)}'s", hovermode="x unified")
    drawn = {name: seeds for name, seeds in curves.items() if name != baseline and set(seeds) & set(curves[baseline])}
    ratios = {name: _ratios(seeds, curves[baseline]) for name, seeds in drawn.items()}
    logarithmic(made.layout.yaxis, (np.array([0.98, 1.02]), *(np.exp(found.mean) for found in ratios.values())))
    for name, found in ratios.items():
        x = next(iter(drawn[name].values())).x
        if np.isfinite(found.low).all():
            band(made, styles[name], x, np.exp(found.low), np.exp(found.high))
        line(made, name, styles[name], x, np.exp(found.mean))
    reference(made, baseline, y=1.0)
    return made


def _ratios(seeds: Mapping[int, Curve], baseline: Mapping[int, Curve]) -> Estimate:
    """Log ratios at each λ, over the seeds that both have."""
    shared = sorted(set(seeds) & set(baseline))
    return student(np.array([np.log(seeds[seed].y / baseline[seed].y) for seed in shared]).T)
