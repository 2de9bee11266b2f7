"""Pictures of a board: a dot and an interval for each entry, one SVG for each section."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from leaderboards.boards.rows import Board, Row, Section
from leaderboards.render.columns import title
from leaderboards.wording import signed, visible

BASELINE, BETTER, WORSE, UNSURE = "#555555", "#0072B2", "#D55E00", "#8a8f98"
ROW_INCHES, WIDTH_INCHES = 0.19, 7.2
TALL = 25
"""Rows from which on the axis is written above them, too."""


def draw(board: Board, folder: Path) -> None:
    """Write `<target>.svg` for each target and `all.svg`, where there is a comparison to draw."""
    for section in board.sections:
        figure = intervals(board, section)
        if figure is not None:
            # Text stays text, ids are the same each time, and no date: an unchanged board gives an unchanged file.
            with rc_context({"svg.fonttype": "none", "svg.hashsalt": "snrbench"}):
                figure.savefig(folder / f"{section.target}.svg", format="svg", metadata={"Date": None})


def intervals(board: Board, section: Section) -> Figure | None:
    """Change against the baseline with its 95 % interval, best first; None where no entry has one.

    Ratios on a logarithmic axis, marked in per cent. Blue where the whole interval is better, orange where it is worse.
    """
    ratio = board.metric.compare == "ratio"
    rows = [row for row in section.rows if isfinite(_effect(row, ratio)[0])]
    if not rows:
        return None
    figure = Figure(figsize=(WIDTH_INCHES, 1.1 + ROW_INCHES * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        value, low, high = _effect(row, ratio)
        colour = BASELINE if row.baseline else _colour(low, high, 1.0 if ratio else 0.0, board.metric.better)
        if isfinite(low) and isfinite(high):
            axes.hlines(place, low, high, color=colour, linewidth=1.6)
        axes.plot(value, place, "o" if not row.baseline else "D", color=colour, markersize=4)
    _label(axes, board, section, rows, ratio)
    return figure


def _label(axes: Axes, board: Board, section: Section, rows: list[Row], ratio: bool) -> None:
    axes.axvline(1.0 if ratio else 0.0, color=BASELINE, linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(rows)), [_dollarless(visible(row.entry)) for row in rows], fontsize=7.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    if ratio:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xticks(_ticks(low, high))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{signed(100 * (x - 1), 0, plus=True)} %"))
    axes.set_title(_dollarless(visible(title(board, section))), fontsize=10, loc="left")
    axes.set_xlabel(f"change against {board.baseline}, 95 % interval over seeds", fontsize=8.5)
    axes.tick_params(axis="x", labelsize=8, labeltop=len(rows) > TALL)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)


def _ticks(low: float, high: float) -> list[float]:
    """Ratios to mark: round percentages, some five to eight of them."""
    steps = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2, 3, 5, 10, 20, 50, 100]
    inside = [step for step in steps if low <= step <= high]
    while len(inside) > 8:
        inside = [step for place, step in enumerate(inside) if step == 1.0 or place % 2 == inside.index(1.0) % 2]
    return inside or [1.0]


def _effect(row: Row, ratio: bool) -> tuple[float, float, float]:
    if row.diverged:
        return (np.nan,) * 3
    if ratio:
        return row.ratio, row.ratio_low, row.ratio_high
    return row.difference, row.difference_low, row.difference_high


def _colour(low: float, high: float, nothing: float, better: str) -> str:
    if not (isfinite(low) and isfinite(high)) or low <= nothing <= high:
        return UNSURE
    return BETTER if (high < nothing) == (better == "lower") else WORSE


def _dollarless(text: str) -> str:
    """Text in which matplotlib finds no formula."""
    return text.replace("$", r"\$")
