"""Our score against a paper's number, a panel for each track: what Kendall's τ of the two orders is of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from leaderboards.comparisons.agreement.agreements import Agreement
from leaderboards.comparisons.agreement.headline import tau_text
from leaderboards.statistics.student_t import student
from leaderboards.wording import p_text, visible

DOT = "#0072B2"
PANEL_INCHES = (3.1, 2.9)
COLUMNS = 4


def draw(agreements: Sequence[Agreement], file: Path) -> None:
    """One SVG: the paper's number across, our mean over seeds up with its 95 % t interval, both logarithmic.

    Nothing is written where there is nothing to draw. The paper's numbers have one seed each, and so no interval.
    """
    if not agreements:
        return
    width = min(COLUMNS, len(agreements))
    height = -(-len(agreements) // width)
    figure = Figure(figsize=(PANEL_INCHES[0] * width, PANEL_INCHES[1] * height), layout="constrained")
    panels = np.ravel(figure.subplots(height, width, squeeze=False))
    for axes, agreement in zip(panels, agreements, strict=False):
        _panel(axes, agreement)
    for axes in panels[len(agreements) :]:
        axes.set_axis_off()
    # Text stays text, ids are the same each time, and no date: unchanged results give an unchanged file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "snrbench"}):
        figure.savefig(file, format="svg", metadata={"Date": None})


def _panel(axes: Axes, agreement: Agreement) -> None:
    score = student(np.where(np.isfinite(agreement.scores), agreement.scores, np.nan))
    around = [score.mean - score.low, score.high - score.mean]
    axes.errorbar(
        agreement.numbers, score.mean, yerr=np.nan_to_num(around), fmt="o", color=DOT, markersize=4, elinewidth=1.2
    )
    middle = np.sqrt(agreement.numbers.min() * agreement.numbers.max())
    for x, y, entry in zip(agreement.numbers, score.mean, agreement.entries, strict=True):
        side, shift = ("left", 5) if x < middle else ("right", -5)
        axes.annotate(visible(entry), (x, y), (shift, 3), textcoords="offset points", ha=side, fontsize=6.5)
    for axis, setter in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        setter("log")
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    axes.set_xticks(_ticks(agreement.numbers))
    axes.set_yticks(_ticks(score.mean))
    axes.margins(0.18)
    axes.tick_params(labelsize=7)
    axes.set_xlabel(f"{agreement.table.metric.name}, {agreement.theirs}, arXiv:{agreement.table.source}", fontsize=7.5)
    axes.set_ylabel(f"{agreement.metric}, {len(agreement.seeds)} seeds", fontsize=7.5)
    title = (
        f"{agreement.track} · {agreement.target}\n"
        f"τ {tau_text(agreement)}, p {p_text(agreement.p)}, {agreement.rows} rows"
    )
    axes.set_title(title, fontsize=8, loc="left")
    axes.spines[["top", "right"]].set_visible(False)


def _ticks(values: np.typing.NDArray[np.float64]) -> list[float]:
    """A few round numbers over the range."""
    steps = [step * 10.0**power for power in range(-4, 5) for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)]
    low, high = np.nanmin(values), np.nanmax(values)
    inside = [step for step in steps if 0.8 * low <= step <= 1.25 * high]
    return inside[:: -(-len(inside) // 6) or 1]
