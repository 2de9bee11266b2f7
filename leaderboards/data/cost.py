"""What runs cost: seconds of training and evaluation, only where they were all measured on one kind of machine."""

from __future__ import annotations

import pandas as pd

SECONDS = ("seconds/training", "seconds/evaluation")


def machine(runs: pd.DataFrame) -> pd.Series:
    """What each run was measured on: the hardware where it was recorded, else the device."""
    hardware = runs["hardware"].fillna("").astype(str)
    return hardware.where(hardware != "", runs["device"].fillna("").astype(str))


def machines_note(scores: pd.DataFrame) -> list[str]:
    """A note where seconds of several machines meet: they must not share a column."""
    machines = sorted(scores["machine"][scores["metric"].isin(SECONDS)].unique())
    return [f"runs of several machines ({', '.join(machines)}), so no seconds"] if len(machines) > 1 else []


def seconds_per_run(cell: pd.DataFrame) -> pd.Series:
    """label → mean seconds of a finished run, training and evaluation; empty where machines differ.

    cell: scores of one target, as `selection.Selected` holds them
    """
    rows = cell[cell["metric"].isin(SECONDS)]
    if rows["machine"].nunique() > 1:
        rows = rows.iloc[:0]
    of_run = rows.groupby("run", sort=False)
    return of_run["value"].sum().groupby(of_run["label"].first().astype("str")).mean()
