"""Where the results of an entry are from, and whether results that somebody handed in were run again."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

COLUMNS = ("source", "verified")
SELF_REPORTED = "self-reported"


def of_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """label → source: the places its runs are from; verified: "self-reported" where any of its runs is only that.

    runs: one row for each run, or one for each label and target
    """
    by_label = runs.groupby("label")
    return pd.DataFrame({"source": by_label["source"].agg(_joined), "verified": by_label["verified"].agg(_weakest)})


def _joined(sources: Iterable[str]) -> str:
    """Empty for the store's own alone, "own, published" where both are in it."""
    found = sorted(
        {part for source in sources for part in (source or "own").split(", ")}, key=lambda one: (one != "own", one)
    )
    return "" if found == ["own"] else ", ".join(found)


def _weakest(marks: Iterable[str]) -> str:
    found = set(marks) - {""}
    return SELF_REPORTED if SELF_REPORTED in found else min(found, default="")
