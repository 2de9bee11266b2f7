"""The held-out ε-error against λ: where along the noise an entry is better than the baseline, and where worse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import BAND_SEEDS, band, figure, line, logarithmic, reference
from app.style.plain_text import label
from app.style.theme import Style
from leaderboards.releases.error_bands import ErrorBands


def relative(errors: ErrorBands, styles: Mapping[str, Style]) -> go.Figure:
    """E‖ε − ε̂‖² divided by the baseline's, paired by seed: geometric mean and its pointwise 95 % interval.

    An entry with fewer than three seeds has a line without an interval.
    """
    chart = figure(
        "λ = log SNR (noise left, data right)", f"ε-error ÷ {label(errors.baseline)}'s", hovermode="x unified"
    )
    drawn = [errors.labels.index(name) for name in styles if name in errors.labels and name != errors.baseline]
    logarithmic(chart.layout.yaxis, (np.array([0.98, 1.02]), errors.bands.ratio[drawn]))
    for at in drawn:
        if errors.bands.seeds[at] >= BAND_SEEDS and np.isfinite(errors.bands.low[at]).all():
            band(chart, styles[errors.labels[at]], errors.logsnr, errors.bands.low[at], errors.bands.high[at])
    for at in drawn:
        line(chart, errors.labels[at], styles[errors.labels[at]], errors.logsnr, errors.bands.ratio[at])
    reference(chart, errors.baseline, y=1.0)
    return chart
