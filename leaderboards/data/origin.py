"""Where the results of an entry are from, and whether results that somebody handed in were run again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

COLUMNS = ("source", "verified")
SELF_REPORTED = "self-reported"


def of_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """label → source: the places its runs are from; verified: "self-reported" where any of its runs is only that.

    runs: one row for each run, or one for each label and target
    """
    columns = {"source": _by_label(runs, "source", _joined), "verified": _by_label(runs, "verified", _weakest)}
    return pd.DataFrame(columns)


def _by_label(runs: pd.DataFrame, column: str, of: Callable[[Iterable[str]], str]) -> pd.Series:
    """label → what its different values come to; nearly always there is one, which is worked out once."""
    values = runs[column].unique()
    if len(values) == 1:
        return pd.Series(of(values), index=pd.Index(sorted(runs["label"].unique()), name="label"), dtype="str")
    different = runs[["label", column]].drop_duplicates()
    several = different["label"].duplicated(keep=False)
    alone = different[~several].set_index("label")[column]
    alone = alone.map({value: of([value]) for value in alone.unique()})
    joined = different[several].groupby("label")[column].agg(of)
    return pd.concat([alone, joined]).sort_index().astype("str") if len(joined) else alone.sort_index().astype("str")


def _joined(sources: Iterable[str]) -> str:
    """Empty for the store's own alone, "own, published" where both are in it."""
    places = sorted(
        {part for source in sources for part in (source or "own").split(", ")},
        key=lambda place: (place != "own", place),
    )
    return "" if places == ["own"] else ", ".join(places)


def _weakest(marks: Iterable[str]) -> str:
    distinct = set(marks) - {""}
    return SELF_REPORTED if SELF_REPORTED in distinct else min(distinct, default="")
