"""The held-out ε-error against λ: where along the noise an entry is better than the baseline, and where worse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from app.charts.frame import BAND_SEEDS, band, figure, line, logarithmic, reference
from app.style.plain_text import label
from app.style.theme import Style
from leaderboards.releases.error_bands import ErrorBands


def relative(found: ErrorBands, styles: Mapping[str, Style]) -> go.Figure:
    """E‖ε − ε̂‖² divided by the baseline's, paired by seed: geometric mean and its pointwise 95 % interval.

    An entry with fewer than three seeds has a line without an interval.
    """
    made = figure("λ = log SNR (noise left, data right)", f"ε-error ÷ {label(found.baseline)}'s", hovermode="x unified")
    drawn = [found.labels.index(name) for name in styles if name in found.labels and name != found.baseline]
    logarithmic(made.layout.yaxis, (np.array([0.98, 1.02]), found.bands.ratio[drawn]))
    for at in drawn:
        if found.bands.seeds[at] >= BAND_SEEDS and np.isfinite(found.bands.low[at]).all():
            band(made, styles[found.labels[at]], found.logsnr, found.bands.low[at], found.bands.high[at])
    for at in drawn:
        line(made, found.labels[at], styles[found.labels[at]], found.logsnr, found.bands.ratio[at])
    reference(made, found.baseline, y=1.0)
    return made
