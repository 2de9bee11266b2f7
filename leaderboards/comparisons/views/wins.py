"""Who beats whom: the share of cells and seeds that one entry wins against another, with the board's verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboards.comparisons.choice import Choice, panel_of
from leaderboards.comparisons.score_array import Panel
from leaderboards.data.tables import Tables
from leaderboards.render.report import TOO_FEW, Report, sheet
from leaderboards.statistics.student_t import Array


@dataclass(frozen=True)
class Wins:
    """Each entry against each other; row against column, best first by mean share.

    share:   (n, n) of the (cell, seed) pairs that both have, ties half, a diverged run loses; NaN on the diagonal
    count:   (n, n) number of those pairs
    p_holm:  (n, n) over seeds, of costs averaged over cells, corrected over the family, as for the ranks
    verdict: (n, n) +1 where the row is shown to be better, −1 where worse, 0 where nothing tells them apart
    """

    labels: tuple[str, ...]
    share: Array
    count: NDArray[np.int64]
    p_holm: Array
    verdict: NDArray[np.int64]
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def wins(panel: Panel) -> Wins | None:
    """The win matrix over the largest block of cells; None below two entries."""
    block = panel.block()
    if len(block.labels) < 2:
        return None
    share, count = shares(block.scale.sign * block.scores)
    judged = block.verdicts
    verdict = judged.better.astype(np.int64) - judged.better.T
    mean = np.nan_to_num(share).sum(axis=1) / np.maximum(1, np.isfinite(share).sum(axis=1))
    order = np.lexsort((block.labels, -mean))
    grid = np.ix_(order, order)
    labels = tuple(block.labels[place] for place in order)
    return Wins(labels, share[grid], count[grid], judged.p_holm[grid], verdict[grid], block.cells, block.notes)


def shares(costs: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
    """(entries, entries) share of pairs that the row wins, ties half, and the number of pairs; NaN where there is none.

    costs: (cells, entries, seeds) lower is better, +∞ diverged, NaN no run
    """
    costs = np.asarray(costs, dtype=np.float64)
    rows, columns = costs[:, :, None, :], costs[:, None, :, :]
    paired = ~np.isnan(rows) & ~np.isnan(columns)
    won = np.where(paired, (rows < columns) + 0.5 * (rows == columns), 0.0).sum(axis=(0, 3))
    count = paired.sum(axis=(0, 3))
    with np.errstate(invalid="ignore"):
        share = np.asarray(won / count)
    np.fill_diagonal(share, np.nan)
    return share, count


SHOWN_AGAINST = 10
"""Columns of the win matrix for people; programs are given all of it."""


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """The win matrix."""
    panel = panel_of(tables, track, choice)
    matrix = wins(panel)
    if matrix is None:
        return Report((), (), (TOO_FEW, *panel.notes))
    mark = {1: " +", -1: " −", 0: ""}
    count = len(matrix.labels)
    against = [j for j, label in enumerate(matrix.labels) if j < SHOWN_AGAINST or label == panel.baseline]
    rows = [
        [
            str(i + 1),
            matrix.labels[i],
            *("" if i == j else f"{100 * matrix.share[i, j]:.0f}{mark[int(matrix.verdict[i, j])]}" for j in against),
        ]
        for i in range(count)
    ]
    records = [
        {
            "entry": matrix.labels[i],
            "against": matrix.labels[j],
            "share": float(matrix.share[i, j]),
            "count": int(matrix.count[i, j]),
            "p_holm": float(matrix.p_holm[i, j]),
            "verdict": int(matrix.verdict[i, j]),
        }
        for i in range(count)
        for j in range(count)
        if i != j
    ]
    title = f"{track} · {panel.metric.title} · per cent of (cell, seed) pairs that the row wins against the column"
    notes = (
        "+ and −: shown to be better or worse, by the tests that ranks come from.",
        *(
            [f"columns: the best {SHOWN_AGAINST} and {panel.baseline}; every pair is in --format json and csv."]
            if len(against) < count
            else []
        ),
        *(f"note: {note}" for note in matrix.notes),
    )
    headers = ["", "entry", *(str(j + 1) for j in against)]
    return Report((sheet(title, headers, rows, names=[1]),), tuple(records), notes)
