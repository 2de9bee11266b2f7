"""The part of the long table that a question needs: its runs, as plain text, and what they measured.

The table of a store keeps text as categories: at 10,000 runs it has a million rows. What is known of a run stands once,
in a table of runs, where plain strings are simpler and fast enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray
from pandas.api.types import union_categoricals

MEASURED = ("metric", "split", "guidance", "mark", "value")


@dataclass(frozen=True)
class Parts:
    """What a question needs of the long table.

    runs: one row for each run, text plain, with everything that is known of it
    rows: what was measured: columns `run` (the row of `runs`), then `MEASURED`, text as categories
    """

    runs: pd.DataFrame
    rows: pd.DataFrame


def parted(table: pd.DataFrame, metrics: Iterable[str]) -> Parts:
    """The rows of these metrics and of diverged runs, and one empty row for each run that has neither.

    So that no run is lost: an entry that was run without a score is still known to have been run.
    """
    run_ids = categories(table["run_id"])
    wanted = _among(categories(table["metric"]), set(metrics)) | _among(categories(table["outcome"]), {"diverged"})
    at = np.flatnonzero(wanted)
    first = np.full(len(run_ids.categories), -1)
    first[run_ids.codes[at[::-1]]] = at[::-1]
    found = pd.unique(run_ids.codes[at])
    missing = (first < 0) & (np.bincount(run_ids.codes, minlength=len(first)) > 0)
    others = pd.unique(run_ids.codes[missing[run_ids.codes]]) if missing.any() else np.array([], dtype=np.int64)
    place = np.full(len(first), -1)
    place[found], place[others] = np.arange(len(found)), len(found) + np.arange(len(others))
    starts = np.r_[first[found], _first(run_ids.codes, others)] if len(others) else first[found]
    rows = table.loc[:, list(MEASURED)].take(at).reset_index(drop=True)
    rows.insert(0, "run", place[run_ids.codes[at]])
    if len(others):
        empty = pd.DataFrame({"run": place[others], "metric": "", "split": "", "mark": 1.0})
        empty = empty.assign(guidance=float("nan"), value=float("nan"))
        rows = pd.concat([plain(rows), empty], ignore_index=True)
    rows = rows.assign(metric=categories(rows["metric"]), split=categories(rows["split"]))
    return Parts(plain(table.drop(columns=list(MEASURED)).take(starts).reset_index(drop=True)), rows)


def narrowed(table: pd.DataFrame, metrics: Iterable[str]) -> pd.DataFrame:
    """The same as one long table of plain text, what is known of a run beside each of its rows."""
    parts = parted(table, metrics)
    runs = parts.runs.take(parts.rows["run"].to_numpy()).reset_index(drop=True)
    return pd.concat([runs, plain(parts.rows.drop(columns="run"))], axis=1)


def categories(column: pd.Series) -> pd.Categorical:
    """The values of a column as categories, as they are where they are some already."""
    return column.array if isinstance(column.array, pd.Categorical) else pd.Categorical(column)


def _among(column: pd.Categorical, names: set[str]) -> NDArray[np.bool_]:
    # The last place is that of a missing value, whose code is −1.
    return np.array([*(str(name) in names for name in column.categories), False])[column.codes]


def _first(codes: NDArray[np.integer[Any]], wanted: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The first place of each wanted code."""
    found = np.full(int(codes.max(initial=-1)) + 1, -1)
    found[codes[::-1]] = np.arange(len(codes))[::-1]
    return found[wanted]


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with categories as what they stand for; a column that is plain already stays as it is."""
    columns = table.select_dtypes("category").items()
    return table.assign(**{str(name): pd.Series(_words(column), index=table.index) for name, column in columns})


def _words(column: pd.Series) -> ExtensionArray:
    # Some 20 times as fast as `astype`, which looks at each row.
    words = column.cat.categories.astype("str").array
    return words.take(column.cat.codes.to_numpy(), allow_fill=True)


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of the same columns below one another; what is a category in each stays one."""
    if len(tables) == 1:
        return tables[0]
    columns = {}
    for name in tables[0].columns:
        parts = [table[name] for table in tables]
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            columns[name] = pd.Series(union_categoricals(parts))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns, copy=False)
