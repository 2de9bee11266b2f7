"""Runs and scores: the two tables that a store, a release and a bundle are read into, and boards are made from.

What is known of a run stands once. At 10,000 runs there are a million scores, so these keep text as categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from pandas.api.types import union_categoricals

RUN = "run"
MEASURED = ("metric", "split", "guidance", "mark", "value")


@dataclass(frozen=True)
class Tables:
    """The runs of a track and what they scored.

    runs:   one row for each run, text plain: `harness.results.read.RUN_COLUMNS`, then `source` ("" for the store's
            own) and `verified`
    scores: one row for each score: `run`, the index of its row in `runs`, then `MEASURED`; a diverged run has none.
            guidance is NaN where no samples are drawn, mark the share of the budget
    """

    runs: pd.DataFrame
    scores: pd.DataFrame

    @cached_property
    def metrics(self) -> frozenset[str]:
        """What any of the runs measured."""
        metric = categories(self.scores["metric"])
        return frozenset(str(name) for name in metric.categories[np.unique(metric.codes)])

    def where(self, wanted: pd.Series) -> Tables:
        """The runs of a mask over `runs`, and their scores."""
        if wanted.all():
            return self
        runs = self.runs[wanted]
        return Tables(runs, self.scores[_among(self.scores[RUN].to_numpy(), runs.index)].reset_index(drop=True))

    def measured(self, metrics: Iterable[str]) -> pd.DataFrame:
        """The scores of some metrics."""
        metric, wanted = categories(self.scores["metric"]), set(metrics)
        of_category = np.array([name in wanted for name in metric.categories], dtype=bool)
        at = np.flatnonzero(of_category[metric.codes]) if len(of_category) else np.array([], dtype=np.int64)
        return self.scores.take(at).reset_index(drop=True)


def stacked(tables: Sequence[Tables]) -> Tables:
    """The runs and scores of several places below one another."""
    if len(tables) == 1:
        return tables[0]
    starts = np.cumsum([0, *(int(part.runs.index.max()) + 1 if len(part.runs) else 0 for part in tables)])[:-1]
    runs = pd.concat([part.runs.set_axis(part.runs.index + start) for part, start in zip(tables, starts, strict=True)])
    numbers = [part.scores[RUN].to_numpy() + start for part, start in zip(tables, starts, strict=True)]
    columns = {RUN: pd.Series(np.concatenate(numbers))}
    for name in MEASURED:
        columns[name] = _below([part.scores[name] for part in tables])
    return Tables(runs, pd.DataFrame(columns, copy=False))


def categories(column: pd.Series) -> pd.Categorical:
    """The values of a column as categories, as they are where they are some already."""
    return column.array if isinstance(column.array, pd.Categorical) else pd.Categorical(column)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with categories as what they stand for; a column that is plain already stays as it is."""
    columns = table.select_dtypes("category").items()
    return table.assign(**{str(name): pd.Series(_words(column), index=table.index) for name, column in columns})


def _among(numbers: NDArray[np.int64], wanted: pd.Index[int]) -> NDArray[np.bool_]:
    there = np.zeros(int(max(numbers.max(initial=-1), wanted.max() if len(wanted) else -1)) + 1, dtype=bool)
    there[wanted] = True
    return np.asarray(there[numbers])


def _below(parts: list[pd.Series]) -> pd.Series:
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return pd.Series(union_categoricals(parts))
    return pd.concat(parts, ignore_index=True)


def _words(column: pd.Series) -> ExtensionArray:
    # Some 20 times as fast as `astype`, which looks at each row.
    words = column.cat.categories.astype("str").array
    return words.take(column.cat.codes.to_numpy(), allow_fill=True)
