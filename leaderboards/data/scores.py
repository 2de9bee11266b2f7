"""The score of each entry and seed in one cell: split, mark and guidance chosen, diverged runs put last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboards.data.scale import Scale
from leaderboards.data.selection import Selected
from leaderboards.data.tables import categories
from leaderboards.statistics.student_t import Array, pool_seeds

Guidance = Literal["best"] | float

UNGUIDED = 1.0


@dataclass(frozen=True)
class Scores:
    """Scores of one cell.

    values:    label × seed; NaN where there was no run, `Scale.worst` where it diverged or its score is not finite
    guidance:  label → the guidance scale that was scored, NaN for a metric without guidance
    unchosen:  labels whose `best` scale could not be chosen for lack of validation scores: scored unguided
    """

    values: pd.DataFrame
    guidance: pd.Series
    unchosen: tuple[str, ...] = ()

    @property
    def diverged(self) -> pd.Series:
        """label → number of seeds with which a run diverged."""
        return pd.Series(np.isinf(self.values.to_numpy()).sum(axis=1), index=self.values.index)


def cell_scores(cell: Selected, metric: str, guidance: Guidance, scale: Scale, mark: float = 1.0) -> Scores:
    """Scores on the test split at the guidance asked for, at the end of the budget or at another mark.

    cell:     the runs of one target, and what they scored
    guidance: a scale, or "best": see `best_guidance`. A metric that has no guidance ignores it.
    """
    names = cell.labels
    diverged = cell.runs.loc[cell.runs["outcome"] == "diverged", ["label", "seed"]]
    final = cell.scores[(cell.scores["metric"] == metric) & _at(cell.scores["mark"], mark)]
    # Numbers in the order of the names: many times as fast to group by.
    final, diverged = (rows.assign(label=numbered(rows["label"], names)) for rows in (final, diverged))
    test = final[final["split"] != "val"]
    unchosen: tuple[int, ...] = ()
    if test["guidance"].isna().all():
        chosen = pd.Series(np.nan, index=test["label"].unique())
    elif guidance == "best":
        chosen, unchosen = best_guidance(final[final["split"] == "val"], test, scale)
        test = test[np.isclose(test["guidance"], test["label"].map(chosen))]
    else:
        test = test[np.isclose(test["guidance"], guidance)]
        chosen = pd.Series(guidance, index=test["label"].unique())
    finite = test["value"].where(np.isfinite(test["value"]), scale.worst)
    values = _wide(test.assign(value=finite), diverged, scale)
    chosen = chosen.reindex(values.index)
    labels = names[values.index]
    return Scores(values.set_axis(labels), chosen.set_axis(labels), tuple(str(names[label]) for label in unchosen))


def numbered(labels: pd.Series, names: pd.Index[str]) -> NDArray[np.int64]:
    """The place of each label among the names."""
    words = categories(labels)
    return np.asarray(names.get_indexer(words.categories)[words.codes], dtype=np.int64)


def best_guidance(validation: pd.DataFrame, test: pd.DataFrame, scale: Scale) -> tuple[pd.Series, tuple[int, ...]]:
    """For each entry the guidance scale whose validation mean over seeds is best, as a user would choose it.

    The mean is taken on the comparison scale (of logarithms, for distances). Only scales that were scored for as many
    seeds as any other of that entry take part; one with a score that is not finite comes last; of equals the one
    nearest to no guidance wins. An entry without validation scores gets the scale nearest to no guidance.

    validation, test: with labels as `numbered` gives them

    Returns label → scale, and the labels that had several scales and no validation scores to choose by.
    """
    validation = validation[validation["guidance"].notna()]
    scales = np.unique(np.r_[validation["guidance"], test["guidance"]])

    def code(rows: pd.DataFrame) -> NDArray[np.int64]:
        codes = rows["label"].to_numpy() * len(scales) + np.searchsorted(scales, rows["guidance"])
        return np.asarray(codes, dtype=np.int64)

    costs = pd.Series(scale.sign * scale.to(validation["value"].to_numpy(dtype=float))).fillna(np.inf)
    groups = costs.groupby(code(validation)).agg(["mean", "size"])
    candidates, labels = groups.index.to_numpy(), groups.index.to_numpy() // len(scales)
    most = np.zeros(labels.max(initial=0) + 1, dtype=np.int64)
    np.maximum.at(most, labels, groups["size"].to_numpy())
    offered = np.unique(code(test))
    # A scale without a test score cannot be scored, however well it validates.
    able = (groups["size"].to_numpy() == most[labels]) & np.isin(candidates, offered)
    blind = offered[~np.isin(offered // len(scales), labels[able])]
    labels, places = np.divmod(np.r_[candidates[able], blind], len(scales))
    means = np.r_[groups["mean"].to_numpy()[able], np.zeros(len(blind))]
    order = np.lexsort((scales[places], np.abs(scales[places] - UNGUIDED), means))
    winners, first = np.unique(labels[order], return_index=True)
    without, choices = np.unique(blind // len(scales), return_counts=True)
    return pd.Series(scales[places[order[first]]], index=winners), tuple(without[choices > 1].tolist())


def pooled(cells: list[Scores], scale: Scale) -> Scores:
    """One score per seed over several cells: the geometric mean for ratio metrics, else the arithmetic one.

    Averaging log ratios within each seed is the same as comparing these. Labels and seeds that are not in every cell
    are left out; a seed that diverged in one cell has diverged. The guidance is that of the cells where they agree.

    cells: at least one
    """
    labels = sorted(set.intersection(*(set(cell.values.index) for cell in cells)))
    seeds = sorted(set.union(*(set(cell.values.columns) for cell in cells)))
    cube = np.stack([cell.values.reindex(index=labels, columns=seeds).to_numpy(dtype=float) for cell in cells], axis=1)
    means = scale.back(pool_seeds(scale.to(cube)))
    # A score of 0 has no logarithm, but makes a geometric mean of 0.
    means = np.where(np.isnan(means) & ~np.isnan(cube).any(axis=1), 0.0, means)
    means = np.where(np.isinf(cube).any(axis=1), scale.worst, means)
    values = pd.DataFrame(means, index=labels, columns=seeds).dropna(how="all")
    guidance = np.stack([cell.guidance.reindex(values.index).to_numpy(dtype=float) for cell in cells])
    same = np.fmin.reduce(guidance) == np.fmax.reduce(guidance)
    agreed = pd.Series(np.where(same, guidance[0], np.nan), index=values.index)
    return Scores(values, agreed)


def costs(scores: Scores, scale: Scale) -> Array:
    """(labels, seeds): `comparable` of the scores of one cell."""
    return comparable(scores.values.to_numpy(dtype=float), scale)


def comparable(values: Array, scale: Scale) -> Array:
    """(…, seeds) on the comparison scale, lower is better; NaN = not comparable.

    A whole row is NaN where a run diverged, or where a score has no logarithm: leaving out just that seed would flatter
    (or punish) the entry.
    """
    result = scale.sign * scale.to(values)
    spoilt = np.asarray((~np.isnan(values) & np.isnan(result)).any(axis=-1))
    return np.where(spoilt[..., None], np.nan, result)


def _at(marks: pd.Series, mark: float) -> pd.Series:
    """Rows of a mark; a metric without marks has NaN there, and its value is that of the full budget."""
    there = pd.Series(np.isclose(marks, mark), index=marks.index)
    return there | marks.isna() if mark == 1.0 else there


def _wide(scored: pd.DataFrame, diverged: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """label × seed; of two scores the last. Diverged runs, which have no score of their own, are the worst there is."""
    labels = np.r_[scored["label"].to_numpy(), diverged["label"].to_numpy()]
    seeds = np.r_[scored["seed"].to_numpy(), diverged["seed"].to_numpy()]
    rows, columns = np.unique(labels), np.unique(seeds)
    wide = np.full((len(rows), len(columns)), np.nan)
    values = np.r_[scored["value"].to_numpy(dtype=float), np.full(len(diverged), scale.worst)]
    wide[np.searchsorted(rows, labels), np.searchsorted(columns, seeds)] = values
    return pd.DataFrame(wide, index=rows, columns=pd.Index(columns, name="seed"))
