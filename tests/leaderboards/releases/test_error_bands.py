"""ε-error against λ as a ratio to the baseline, and its band."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards import run_views
from leaderboards.releases.error_bands import error_bands
from leaderboards.statistics.error_bands import bands


def test_bands_are_paired_by_seed_at_each_level():
    rng = np.random.default_rng(0)
    base = np.exp(rng.normal(size=(4, 3)))
    other = base * np.exp(0.1 + 0.05 * rng.normal(size=(4, 3)))
    ratios = bands(np.stack([base, other]), 0)
    logs = np.log(other / base)
    low, high = stats.t.interval(0.95, 3, loc=logs.mean(axis=0), scale=stats.sem(logs, axis=0))
    assert np.log(ratios.ratio[1]) == pytest.approx(logs.mean(axis=0))
    assert np.log(np.stack([ratios.low[1], ratios.high[1]])) == pytest.approx(np.stack([low, high]))
    assert ratios.ratio[0].tolist() == [1, 1, 1]
    assert ratios.seeds.tolist() == [4, 4]


def test_missing_runs_and_single_seeds():
    errors = np.full((2, 3, 2), 1.0)
    errors[1, 1:] = np.nan
    ratios = bands(errors, 0)
    assert ratios.seeds.tolist() == [3, 1]
    assert np.isnan(ratios.low[1]).all()
    assert ratios.ratio[1].tolist() == [1, 1]


@pytest.fixture
def runs(table):
    """Two runs of cosine, two of x and one of y."""
    table.runs_of("cosine", [1.0, 1.0]).runs_of("x", [1.0, 1.0]).runs_of("y", [1.0])
    return run_views.ranked_runs(table.tables, "v")


@pytest.fixture
def curves():
    """Curves of cosine, of x at half its error, and of y on another grid."""
    grids = {1: (1.0, 3), 2: (1.2, 3), 3: (0.5, 3), 4: (0.6, 3), 5: (1.0, 4)}
    return {
        f"run{number}": (np.linspace(-1, 1, points), factor * np.exp(-np.linspace(-1, 1, points)))
        for number, (factor, points) in grids.items()
    }


def test_bands_of_the_runs_of_a_board(runs, curves):
    of_board = error_bands(runs, curves, "cosine")
    assert of_board.labels == ("cosine", "x")
    assert of_board.logsnr.tolist() == [-1, 0, 1]
    assert of_board.bands.ratio[1] == pytest.approx([0.5] * 3)
    assert of_board.notes == ("measured on another grid of λ, so left out: y",)


def test_without_a_curve_of_the_baseline_there_are_no_bands(runs, curves):
    assert error_bands(runs[runs["label"] != "cosine"], curves, "cosine") is None
    assert error_bands(runs, {}, "cosine") is None
