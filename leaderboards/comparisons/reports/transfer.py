"""Whether the order of entries holds elsewhere: one matrix for each axis."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np

from leaderboards.comparisons.compare import AXES, Choice, transfer_of
from leaderboards.comparisons.reports.report import Report, sheet
from leaderboards.comparisons.transfer import BEATS, LEADS, Transfer
from leaderboards.data.tables import Tables
from leaderboards.render.text_tables import Sheet
from leaderboards.wording import with_interval


def transfer_view(tables: Tables, track: str, choice: Choice) -> Report:
    """Rank correlations over prediction targets, guidance scales, budgets, metrics and sampler grids."""
    found = [each for axis in AXES if (each := transfer_of(tables, track, axis, _over(choice, axis))) is not None]
    if not found:
        return Report((), (), ("no two conditions share two entries with a common seed",))
    return Report(
        sheets=tuple(_sheet(track, each) for each in found),
        records=tuple(record for each in found for record in _records(each)),
        notes=(
            "Kendall's τ_b between the orders of entries, mean over seeds with 95 % t interval through Fisher's z;"
            " (1 + τ)/2 of the pairs of entries stand in the same order.",
            "diagonal: the same condition with other seeds, what the noise of single runs leaves of an order.",
            "no interval: every seed has the same τ, or there is one seed.",
            *(line for each in found for line in _only(each)),
            *(f"note ({each.axis}): {note}" for each in found for note in each.notes),
        ),
    )


def _over(choice: Choice, axis: str) -> Choice:
    return replace(choice, target=None) if axis == "target" else choice


def _only(found: Transfer) -> list[str]:
    says = {LEADS: "has the best mean", BEATS: "is shown to beat the baseline"}
    return [f"{win.entry} {says[win.kind]} only with {found.axis} {win.condition}." for win in found.only]


def _sheet(track: str, found: Transfer) -> Sheet:
    rows = []
    for i, name in enumerate(found.conditions):
        cells = [
            with_interval(found.tau[i, j], found.low[i, j], found.high[i, j], most=2) if j <= i else ""
            for j in range(len(found.conditions))
        ]
        rows.append([name, *cells, found.leaders[name]])
    title = f"{track} · order of {len(found.labels)} entries over {found.axis}, {found.seeds} seeds"
    return sheet(title, [found.axis, *found.conditions, "best"], rows, names=[0, len(found.conditions) + 1])


def _records(found: Transfer) -> list[dict[str, object]]:
    pairs = combinations_with_replacement(range(len(found.conditions)), 2)
    return [
        {
            "axis": found.axis,
            "first": found.conditions[i],
            "second": found.conditions[j],
            "tau": float(found.tau[i, j]),
            "low": float(found.low[i, j]),
            "high": float(found.high[i, j]),
            "of_means": float(found.of_means[i, j]) if i != j else np.nan,
            "entries": len(found.labels),
            "seeds": found.seeds,
            "only_first": [f"{win.entry} {win.kind}" for win in found.only if win.condition == found.conditions[i]],
        }
        for i, j in pairs
    ]
