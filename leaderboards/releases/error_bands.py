"""ε-error against λ of entries over the baseline's, from curves that a store holds or a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from leaderboards.releases import small_curves
from leaderboards.statistics.error_bands import Bands, bands
from leaderboards.statistics.student_t import Array


@dataclass(frozen=True)
class ErrorBands:
    """The bands of one cell. logsnr: (λ,) in nats; the arrays of `bands` beside their labels."""

    labels: tuple[str, ...]
    logsnr: Array
    bands: Bands
    baseline: str
    notes: tuple[str, ...] = ()


def read_error_bands(store: Path, track: str, runs: pd.DataFrame, baseline: str) -> ErrorBands | None:
    """The bands of runs of one cell, as `run_views.ranked_runs` gives them; None where the baseline has no curve."""
    curves = small_curves.error_curves(store, track, runs["run_id"])
    return error_bands(runs, {run_id: (curve.x, curve.y) for run_id, curve in curves.items()}, baseline)


def error_bands(runs: pd.DataFrame, curves: Mapping[str, tuple[Array, Array]], baseline: str) -> ErrorBands | None:
    """The bands of runs and their curves; None where no run of the baseline has one.

    runs:   of one cell, with run_id, label and seed, one for each label and seed
    curves: run_id → (λ, error), (n,) each. Those on another grid than the baseline's are left out, and a note says so.
    """
    runs = runs[runs["run_id"].isin(list(curves))]
    of_baseline = runs.loc[runs["label"] == baseline, "run_id"]
    if of_baseline.empty:
        return None
    logsnr = curves[str(of_baseline.iloc[0])][0]
    same = np.array([np.array_equal(curves[str(run_id)][0], logsnr) for run_id in runs["run_id"]])
    names, seeds = sorted(runs["label"][same].unique()), sorted(runs["seed"][same].unique())
    errors = np.full((len(names), len(seeds), len(logsnr)), np.nan)
    for run in runs[same].itertuples():
        errors[names.index(run.label), seeds.index(run.seed)] = curves[str(run.run_id)][1]
    gone = sorted(set(runs["label"][~same]))
    notes = (f"measured on another grid of λ, so left out: {', '.join(gone)}",) if gone else ()
    return ErrorBands(tuple(names), logsnr, bands(errors, names.index(baseline)), baseline, notes)
