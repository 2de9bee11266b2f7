"""Pictures of schedules: p(λ), λ(t), and p(λ)·c_target(λ) for each prediction target's error.

PNG and SVG through matplotlib, HTML through plotly, by the ending of the file's name. The colours are Okabe and
Ito's, which people with any colour vision tell apart; beyond eight schedules the line style changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.cli.output_file import written_whole
from schedules import Schedule, UserError
from schedules.densities.density import Array
from schedules.relatives.curves import effective, grid, times
from schedules.weightings import ERRORS, TARGETS, error_of

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
DASHES = ("solid", "dash", "dot", "dashdot")
_MATPLOTLIB_DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
WEIGHTS = (1e-4, 1e2)  # range of p(λ)·c(λ) drawn
LIMIT = 20.0  # λ drawn at most, on both sides


@dataclass(frozen=True)
class Panel:
    """One set of axes: a curve (x, y) for each schedule, in their order."""

    title: str
    x_label: str
    y_label: str
    curves: list[tuple[Array, Array]]
    y_range: tuple[float, float]
    logarithmic: bool = False


def draw(schedules: list[Schedule], out: Path) -> None:
    """Draw the schedules into a file. UserError: an ending other than .png, .svg or .html, or no such folder."""
    writers = {".png": _matplotlib, ".svg": _matplotlib, ".html": _plotly}
    if out.suffix.lower() not in writers:
        raise UserError(f"--out {str(out)!r}: expected a name that ends in {', '.join(writers)}")
    if not out.parent.is_dir():
        raise UserError(f"--out {str(out)!r}: no such folder {str(out.parent)!r}")
    with written_whole(out) as file:
        writers[out.suffix.lower()]([schedule.spec for schedule in schedules], panels(schedules), file)


def panels(schedules: list[Schedule]) -> list[Panel]:
    """The six panels: density, time form, and the effective weight under the targets' four errors."""
    at, t = grid(schedules, limit=LIMIT), times()
    time_forms = [(t, schedule.logsnr(t)) for schedule in schedules]
    weights = [effective(schedule, at) for schedule in schedules]
    reach = max(1.0, *(float(np.max(np.abs(schedule.logsnr(np.array([0.01, 0.99]))))) for schedule in schedules))
    span = min(1.15 * reach, LIMIT)
    return [
        Panel(
            "density", "λ = log SNR", "p(λ)", [(at, schedule.pdf(at)) for schedule in schedules], _robust(schedules, at)
        ),
        Panel("time form", "t (0 clean, 1 noise)", "λ(t)", time_forms, (-span, span)),
        *(
            # c(λ) grows without bound towards noise, so only a logarithmic axis shows where two schedules differ.
            Panel(
                f"training weight on the ε-error, target {_together(target)}",
                "λ = log SNR",
                "p(λ)·c(λ)",
                [(at, weight[target]) for weight in weights],
                WEIGHTS,
                logarithmic=True,
            )
            for target in ERRORS
        ),
    ]


def _together(error: str) -> str:
    """All targets that have this error: "v or edm"."""
    return " or ".join(target for target in TARGETS if error_of(target) == error)


def _robust(schedules: list[Schedule], at: Array) -> tuple[float, float]:
    """Range of p that a single spike or pole doesn't flatten."""
    peaks = [float(np.max(schedule.pdf(at)[np.isfinite(schedule.pdf(at))])) for schedule in schedules]
    return 0.0, 1.08 * min(max(peaks), 8 * float(np.median(peaks)))


def _matplotlib(names: list[str], shown: list[Panel], out: Path) -> None:
    from matplotlib.figure import Figure

    rows = -(-len(names) // 2)
    figure = Figure(figsize=(13, 7.2 + 0.24 * rows), dpi=130, layout="constrained")
    for axes, panel in zip(figure.subplots(2, 3).flat, shown, strict=True):
        for index, (x, y) in enumerate(panel.curves):
            colour, dash = _style(index)
            axes.plot(x, y, color=colour, linestyle=_MATPLOTLIB_DASHES[dash], linewidth=1.8)
        axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label, xlim=(panel.curves[0][0][[0, -1]]))
        axes.set(ylim=panel.y_range, yscale="log" if panel.logarithmic else "linear")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.legend(figure.axes[0].lines, names, loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(out)


def _plotly(names: list[str], shown: list[Panel], out: Path) -> None:
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=3, subplot_titles=[panel.title for panel in shown])
    for place, panel in enumerate(shown):
        row, column = place // 3 + 1, place % 3 + 1
        for index, (x, y) in enumerate(panel.curves):
            colour, dash = _style(index)
            trace = Scatter(
                x=x,
                y=y,
                name=names[index],
                legendgroup=str(index),
                showlegend=place == 0,
                line={"color": colour, "dash": dash},
            )
            figure.add_trace(trace, row=row, col=column)
        figure.update_xaxes(title=panel.x_label, row=row, col=column)
        bounds = np.log10(panel.y_range) if panel.logarithmic else panel.y_range
        kind = "log" if panel.logarithmic else "linear"
        figure.update_yaxes(title=panel.y_label, range=list(bounds), type=kind, row=row, col=column)
    figure.update_layout(template="plotly_white", height=800, legend={"orientation": "h", "y": -0.12})
    figure.write_html(out, include_plotlyjs=True)


def _style(index: int) -> tuple[str, str]:
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
