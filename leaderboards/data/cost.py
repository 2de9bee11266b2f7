"""What runs cost: seconds of training and evaluation, only where they were all measured on one kind of machine."""

from __future__ import annotations

import pandas as pd

from leaderboards.data.table_parts import categories

SECONDS = ("seconds/training", "seconds/evaluation")


def machine(table: pd.DataFrame) -> pd.Series:
    """What each row's run was measured on: the hardware where it was recorded, else the device."""
    known = table["hardware"].fillna("").astype(str)
    return known.where(known != "", table["device"].fillna("").astype(str))


def machines_note(scores: pd.DataFrame) -> list[str]:
    """A note where seconds of several machines meet: they must not share a column."""
    found = sorted(scores["machine"][scores["metric"].isin(SECONDS)].unique())
    return [f"runs of several machines ({', '.join(found)}), so no seconds"] if len(found) > 1 else []


def seconds_per_run(cell: pd.DataFrame) -> pd.Series:
    """label → mean seconds of a finished run, training and evaluation; empty where machines differ.

    cell: scores of one target, as `selection.Selected` holds them
    """
    rows = cell[cell["metric"].isin(SECONDS)]
    if rows["machine"].nunique() > 1:
        rows = rows.iloc[:0]
    by_run = rows["value"].groupby(categories(rows["run_id"]).codes, sort=False)
    labels = rows["label"].groupby(categories(rows["run_id"]).codes, sort=False).first()
    return by_run.sum().groupby(labels.astype("str")).mean()
