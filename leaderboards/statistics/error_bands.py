"""Where over λ a schedule buys and sells: its ε-error as a ratio to the baseline's, with a band over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from leaderboards.statistics.student_t import Array, student


@dataclass(frozen=True)
class Bands:
    """Ratio to the baseline at each λ: exp of the mean log ratio over shared seeds, with its t interval.

    The interval holds at each λ by itself: of a hundred points five lie outside by chance, in stretches, because
    neighbouring points share their noise.

    ratio, low, high: (entries, λ); low and high NaN below two seeds
    seeds:            (entries,) shared with the baseline
    """

    ratio: Array
    low: Array
    high: Array
    seeds: NDArray[np.int64]


@dataclass(frozen=True)
class ErrorBands:
    """The bands of one cell. logsnr: (λ,) in nats; the arrays of `bands` beside their labels."""

    labels: tuple[str, ...]
    logsnr: Array
    bands: Bands
    baseline: str
    notes: tuple[str, ...] = ()


def bands(errors: ArrayLike, baseline: int) -> Bands:
    """Ratios of error curves to the baseline's, paired by seed.

    errors:   (entries, seeds, λ) positive, NaN where there was no run, or it diverged
    baseline: row of the baseline
    """
    errors = np.asarray(errors, dtype=np.float64)
    logs = np.log(np.where(errors > 0, errors, np.nan))
    differences = logs - logs[baseline]
    estimate = student(np.moveaxis(differences, 1, -1))
    low, high = np.exp(estimate.low), np.exp(estimate.high)
    return Bands(np.exp(estimate.mean), low, high, estimate.n.max(axis=-1))


def of_runs(runs: pd.DataFrame, curves: Mapping[str, tuple[Array, Array]], baseline: str) -> ErrorBands | None:
    """The bands of runs whose curves were read; None where no run of the baseline has one.

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
