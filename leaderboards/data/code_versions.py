"""Of several codes that were run under one name: which of them the name stands for now."""

from __future__ import annotations

import pandas as pd

from harness.specs import Entry
from schedules.errors import UserError


def which_is_now(runs: pd.DataFrame, newest: str) -> str:
    """Where the code of today stands, in words.

    runs:   of one entry that is not tuned, with `label`
    newest: label of the run that was recorded last, which is told where the name is not known here
    """
    now = _fingerprint(runs.iloc[0])
    if not now:
        return f"{newest} was recorded last; with --plugin FILE.py it is told which is the file's now"
    labels = runs.loc[runs["fingerprint"] == now, "label"]
    return "what its file says now was not run" if labels.empty else f"{labels.iloc[0]} is what its file says now"


def _fingerprint(run: pd.Series) -> str:
    """That of a run's entry as it would be run now; "" where it can't be made here."""
    try:
        entry = Entry.of(str(run["schedule"]), str(run["weighting"]), run["apply"])
    except UserError:
        return ""
    return entry.fingerprint if entry.label == run["entry"] else ""
