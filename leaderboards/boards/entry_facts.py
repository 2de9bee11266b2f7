"""What a board says of an entry beside its scores: schedule, parameters, weighting, how it was tuned, its cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from leaderboards.data import origin
from leaderboards.data.cost import seconds_per_run
from leaderboards.data.selection import RECORDED

TEXTS = ("schedule", "params", "weighting", "apply", "tuned_from", *origin.COLUMNS)
COLUMNS = (*TEXTS, "tuned", "trials", "tuning_seconds")


def of_cell(runs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """label → schedule, params, weighting, apply, tuned, … of its newest run, and seconds, of a run.

    runs, scores: of one target, as `selection.Selected` holds them
    """
    order = runs[[RECORDED, "label"]].sort_values(RECORDED, kind="stable")
    newest = runs.loc[order.drop_duplicates("label", keep="last").index, ["label", *COLUMNS]].set_index("label")
    facts = newest.assign(seconds=seconds_per_run(scores).reindex(newest.index))
    return facts.assign(**origin.of_runs(runs).reindex(facts.index))


def over_cells(cells: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The same over several targets: seconds are a mean, seconds of tuning a sum.

    Parameters that differ between targets, as tuned ones do, are an object of target → parameters; a number of trials
    that differs is NaN.

    cells: target → facts of that target
    """
    together = pd.concat(cells, names=["target", "label"])
    facts = together.groupby(level="label").last()
    by_label = together.groupby(level="label")
    facts["seconds"], facts["tuning_seconds"] = by_label["seconds"].mean(), by_label["tuning_seconds"].sum(min_count=1)
    facts["trials"] = facts["trials"].where(by_label["trials"].nunique() == 1)
    facts = facts.assign(**origin.of_runs(together.reset_index()).reindex(facts.index))
    params = by_label["params"].nunique()
    for label in params.index[params > 1]:
        of_label = together.xs(label, level="label")["params"]
        facts.loc[label, "params"] = json.dumps({str(target): _read(text) for target, text in of_label.items()})
    return facts


def _read(params: str) -> Any:
    """What the JSON says; the text itself where it is none, as in results that were handed in from elsewhere."""
    try:
        return json.loads(params)
    except ValueError:
        return params
