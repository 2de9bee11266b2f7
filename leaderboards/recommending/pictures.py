"""The report's pictures, by matplotlib, in Okabe and Ito's colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

import schedules
from harness.cli.commands.schedule_plots import COLOURS
from leaderboards.recommending.answer import spec_of
from leaderboards.recommending.judging import UNKNOWN, WITHIN, WORSE, Judged
from schedules.relatives.curves import grid

COLOUR = {WITHIN: "#009E73", WORSE: "#D55E00", UNKNOWN: "#808080"}
TITLE = {WITHIN: "shown within 5 % of {}", WORSE: "shown worse", UNKNOWN: "unknown"}
SHARES = (0.25, 0.5, 0.75)


def densities(specs: Sequence[str], what: str, out: Path) -> None:
    """p(λ) of each; the first one is drawn heavier, and `what` says what it is."""
    drawn = [schedules.parse(spec) for spec in dict.fromkeys(specs)]
    at = grid(drawn, limit=20.0)
    figure, axes = _figure(9, 4.5)
    for number, schedule in enumerate(drawn):
        p = np.nan_to_num(schedule.pdf(at), posinf=np.nan)
        axes.plot(
            at,
            p,
            color=COLOURS[number % len(COLOURS)],
            linewidth=3 if number == 0 else 1.4,
            linestyle="-" if number < 2 else "--",
            label=f"{what}: {schedule.spec}" if number == 0 else schedule.spec,
        )
    peaks = [float(np.nanmax(np.where(np.isfinite(schedule.pdf(at)), schedule.pdf(at), np.nan))) for schedule in drawn]
    axes.set(xlabel="λ = log SNR", ylabel="p(λ)", ylim=(0, 1.08 * min(max(peaks), 4 * float(np.median(peaks)))))
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(out)


def scores(judgement: Judged, chosen: str, out: Path) -> None:
    """A line for each entry: its mean and interval, best on top. chosen: what the others are compared with"""
    figure, axes = _figure(9, 1.2 + 0.32 * len(judgement.labels))
    for row, label in enumerate(judgement.labels):
        mean, low, high = judgement.means[label]
        colour = COLOUR[judgement.verdict(label)]
        axes.plot([low, high], [row, row], color=colour, linewidth=2)
        axes.plot([mean], [row], "o", color=colour, markersize=8 if label == judgement.best else 5)
    axes.set_yticks(range(len(judgement.labels)), [spec_of(label) for label in judgement.labels], fontsize=8)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="distance on held-out data, lower is better")
    _legend(axes, chosen)
    figure.savefig(out)


def plateau(judgement: Judged, chosen: str, out: Path) -> None:
    """Each entry where its density lies: median against half the distance between the quartiles."""
    figure, axes = _figure(9, 6)
    for label in judgement.labels:
        low, middle, high = (float(schedules.parse(spec_of(label)).ppf(share)) for share in SHARES)
        best = label == judgement.best
        axes.plot(
            [middle],
            [(high - low) / 2],
            "*" if best else "o",
            color=COLOUR[judgement.verdict(label)],
            markersize=16 if best else 8,
        )
        axes.annotate(spec_of(label), (middle, (high - low) / 2), (5, 3), textcoords="offset points", fontsize=6)
    axes.set(xlabel="median λ", ylabel="half the distance between the quartiles of λ", yscale="log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    _legend(axes, chosen)
    figure.savefig(out)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _legend(axes: Axes, chosen: str) -> None:
    for verdict, colour in COLOUR.items():
        axes.plot([], [], "o", color=colour, label=TITLE[verdict].format(chosen))
    axes.legend(frameon=False, fontsize=8)
