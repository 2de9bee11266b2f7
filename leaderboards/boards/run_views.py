"""What the app shows besides boards: runs and their failures, scores along the budget, learned densities.

With `query.runs_table` and `query.board_of`, this is all that the app reads results through; nothing here writes.
What takes `tables` is a pure function of those runs and scores, so that one reading serves a whole page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.results import read
from leaderboards.boards import curves
from leaderboards.boards.board import BASELINE
from leaderboards.data import selection
from leaderboards.data.tables import Tables
from leaderboards.statistics.student_t import Array

RUN_COLUMNS = [
    *("run_id", "run_key", "protocol", "target", "entry", "schedule", "params", "weighting", "apply", "tuned", "seed"),
    *("outcome", "reason", "diverged_step", "device", "started"),
]


@dataclass(frozen=True)
class Curve:
    """One curve of one run: x and y, float64 of shape (n,).

    Training: x in optimiser steps, y the metric. ε-error: x is λ in nats of log SNR, y = E‖ε − ε̂‖² per dimension.
    """

    x: Array
    y: Array


def runs(tables: Tables) -> pd.DataFrame:
    """One row for each run, last recorded first: who, where, its outcome, and why and when it diverged."""
    newest = selection.completed(tables.runs).sort_values(selection.RECORDED, ascending=False, kind="stable")
    return newest[RUN_COLUMNS].reset_index(drop=True)


def ranked_runs(tables: Tables, target: str, protocol: str | None = None) -> pd.DataFrame:
    """The runs that a board of this target is made of, with their `label` there: one for each entry and seed."""
    ranked = _ranked(tables, protocol).of(target).runs
    return ranked[["label", *RUN_COLUMNS]].sort_values(["label", "seed"]).reset_index(drop=True)


def marks_of_targets(
    tables: Tables, targets: Iterable[str], metric: str, protocol: str | None = None
) -> list[pd.DataFrame]:
    """Score against budget for each target: columns label, seed, mark (fraction of the budget), value.

    Unguided, on the test split; the runs are selected once for all targets.
    """
    ranked = _ranked(tables, protocol, [metric])
    wide = [curves.marks(ranked.of(target).scores, metric).reset_index() for target in targets]
    return [marks.melt(id_vars=["label", "seed"], var_name="mark", value_name="value").dropna() for marks in wide]


def learned_densities(store: Path, run_ids: Iterable[str]) -> dict[str, Curve]:
    """run_id → p(λ) at the end of training, for the runs of schedules that learn (artifact `density.json`)."""
    return _stored_curves(store, run_ids, "density.json", "pdf")


def _stored_curves(store: Path, run_ids: Iterable[str], name: str, quantity: str) -> dict[str, Curve]:
    artifacts = {run_id: read.artifact(store, run_id, name) for run_id in run_ids}
    contents = {run_id: json.loads(content) for run_id, content in artifacts.items() if content}
    return {
        run_id: _curve(content["logsnr"], content[quantity])
        for run_id, content in contents.items()
        if quantity in content
    }


def _ranked(tables: Tables, protocol: str | None, metrics: Iterable[str] = ()) -> selection.Selected:
    """The runs that count, with `label`."""
    return selection.select(tables, None, metrics, baseline=BASELINE, protocol=protocol)


def _curve(x: Iterable[float], y: Iterable[float]) -> Curve:
    return Curve(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
