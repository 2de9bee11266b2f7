"""Each entry's score at its marks along training, unguided, and when it reaches the baseline's final score."""

from __future__ import annotations

import numpy as np
import pandas as pd

from leaderboards.scale import Scale
from leaderboards.scores import UNGUIDED
from leaderboards.speedup import Reach, over_cells, reach

Reaches = dict[str, dict[int, Reach]]


def marks(cell: pd.DataFrame, metric: str) -> pd.DataFrame:
    """(label, seed) × mark: test scores along training, unguided; the columns are fractions of the budget, rising.

    cell: the long table of one target, with `label`.
    """
    rows = cell[(cell["metric"] == metric) & (cell["split"] != "val") & cell["mark"].notna()]
    rows = rows[rows["guidance"].isna() | np.isclose(rows["guidance"], UNGUIDED)]
    return rows.pivot_table(index=["label", "seed"], columns="mark", values="value", aggfunc="last")


def reaches(curves: pd.DataFrame, baseline: str, scale: Scale) -> Reaches:
    """label → seed → when the curve first reaches the baseline's final score of the same seed.

    curves: as `marks` returns them. Only seeds that both have, with a comparable score at every mark, are in it.
    """
    fractions = curves.columns.to_numpy(dtype=float)
    if len(fractions) < 2:
        return {}
    costs = curves.apply(lambda column: scale.sign * scale.to(column.to_numpy(dtype=float)), axis=0).dropna()
    goals = {
        seed: cost for (label, seed), cost in zip(costs.index, costs.iloc[:, -1], strict=True) if label == baseline
    }
    found: Reaches = {}
    for (label, seed), curve in zip(costs.index, costs.to_numpy(), strict=True):
        if seed in goals:
            found.setdefault(label, {})[seed] = reach(fractions, curve, goals[seed])
    return found


def pooled(cells: list[Reaches]) -> Reaches:
    """The same over several cells, for the labels and seeds that are in all of them."""
    labels = set.intersection(*(set(cell) for cell in cells))
    return {
        label: {
            seed: over_cells(cell[label][seed] for cell in cells)
            for seed in set.intersection(*(set(cell[label]) for cell in cells))
        }
        for label in labels
    }
