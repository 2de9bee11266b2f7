"""Each entry's score at its marks along training, unguided, and when it reaches the baseline's final score."""

from __future__ import annotations

import numpy as np
import pandas as pd

from leaderboards.data.scale import Scale
from leaderboards.data.scores import UNGUIDED, numbered
from leaderboards.statistics.speedup import Reach, over_cells, reach_all

Reaches = dict[str, dict[int, Reach]]


def marks(cell: pd.DataFrame, metric: str) -> pd.DataFrame:
    """(label, seed) × mark: test scores along training, unguided; the columns are fractions of the budget, rising.

    cell: the scores of one target, as `selection.Selected` holds them
    """
    rows = cell[(cell["metric"] == metric) & (cell["split"] != "val") & cell["mark"].notna()]
    rows = rows[(rows["guidance"].isna() | np.isclose(rows["guidance"], UNGUIDED)) & rows["value"].notna()]
    names = pd.Index(sorted(rows["label"].unique()), name="label", dtype="str")
    labels, seeds, fractions = numbered(rows["label"], names), np.unique(rows["seed"]), np.unique(rows["mark"])
    who = labels * max(len(seeds), 1) + np.searchsorted(seeds, rows["seed"])
    there = np.unique(who)
    wide = np.full((len(there), len(fractions)), np.nan)
    wide[np.searchsorted(there, who), np.searchsorted(fractions, rows["mark"])] = rows["value"]
    index = pd.MultiIndex.from_arrays(
        [names[there // max(len(seeds), 1)], seeds[there % max(len(seeds), 1)]], names=["label", "seed"]
    )
    return pd.DataFrame(wide, index=index, columns=pd.Index(fractions, name="mark"))


def reaches(curves: pd.DataFrame, baseline: str, scale: Scale) -> Reaches:
    """label → seed → when the curve first reaches the baseline's final score of the same seed.

    curves: as `marks` returns them. Only seeds that both have, with a comparable score at every mark, are in it.
    """
    fractions = curves.columns.to_numpy(dtype=float)
    if len(fractions) < 2:
        return {}
    costs = scale.sign * scale.to(curves.to_numpy(dtype=float))
    finite = np.flatnonzero(~np.isnan(costs).any(axis=1))
    labels, seeds = (curves.index.get_level_values(level)[finite] for level in ("label", "seed"))
    goals = {
        seed: cost for label, seed, cost in zip(labels, seeds, costs[finite, -1], strict=True) if label == baseline
    }
    shared = np.isin(seeds, list(goals))
    labels, seeds, finite = labels[shared], seeds[shared], finite[shared]
    by_label: Reaches = {}
    reached = reach_all(fractions, costs[finite], np.array([goals[seed] for seed in seeds], dtype=float))
    for label, seed, reach in zip(labels.tolist(), seeds.tolist(), reached, strict=True):
        by_label.setdefault(label, {})[seed] = reach
    return by_label


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
