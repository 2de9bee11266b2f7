"""Entries with tuned parameters on a board: the label of the same entry as published, and what is uneven among them."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan

import pandas as pd

import schedules
from leaderboards.boards.rows import Row


def as_published(label: str, source: str) -> str:
    """The label that a tuned entry has with published parameters. source: the spec it was tuned from"""
    return label.split("#")[0].replace(schedules.as_tuned(source), source, 1) if source else label


def fairness_notes(runs: pd.DataFrame, baseline: str) -> list[str]:
    """Where a comparison of tuned entries is not even: unequal trials, or a baseline that was not tuned.

    runs: of a board, as `selection.Selected` holds them
    """
    runs = runs[runs["tuned"].astype(bool)].drop_duplicates(["label", "target"])
    if runs.empty:
        return []
    notes = []
    counts = runs.groupby("trials")["label"].unique()
    if len(counts) > 1:
        by_trials = "; ".join(f"{trials:.0f}: {', '.join(sorted(labels))}" for trials, labels in counts.items())
        notes.append(f"tuned with different numbers of trials, so not on equal terms ({by_trials})")
    if baseline.split("#")[0] not in set(runs["tuned_from"]):
        notes.append(f"{baseline} is not tuned here: tuned entries stand beside it as it is, untuned")
    return notes


def budget_notes(rows: Iterable[Row], trials: int) -> list[str]:
    """Which tuned entries of a board had another number of trials than the track gives."""
    others = sorted(
        {
            (row.entry, int(row.trials))
            for row in rows
            if row.tuned and row.trials not in (trials, None) and not isnan(row.trials)
        }
    )
    listed = ", ".join(f"{entry} {count}" for entry, count in others)
    return [f"tuned with another number of trials than the track's {trials}: {listed}"] if others else []
