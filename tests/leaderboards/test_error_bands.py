"""ε-error against λ as a ratio to the baseline, and its band."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards import run_views
from leaderboards.statistics.error_bands import bands


def test_bands_are_paired_by_seed_at_each_level():
    rng = np.random.default_rng(0)
    base = np.exp(rng.normal(size=(4, 3)))
    other = base * np.exp(0.1 + 0.05 * rng.normal(size=(4, 3)))
    found = bands(np.stack([base, other]), 0)
    logs = np.log(other / base)
    low, high = stats.t.interval(0.95, 3, loc=logs.mean(axis=0), scale=stats.sem(logs, axis=0))
    assert np.log(found.ratio[1]) == pytest.approx(logs.mean(axis=0))
    assert np.log(np.stack([found.low[1], found.high[1]])) == pytest.approx(np.stack([low, high]))
    assert found.ratio[0].tolist() == [1, 1, 1]
    assert found.seeds.tolist() == [4, 4]


def test_missing_runs_and_single_seeds():
    errors = np.full((2, 3, 2), 1.0)
    errors[1, 1:] = np.nan
    found = bands(errors, 0)
    assert found.seeds.tolist() == [3, 1]
    assert np.isnan(found.low[1]).all()
    assert found.ratio[1].tolist() == [1, 1]


@pytest.fixture
def stored(table, monkeypatch):
    """Curves of cosine, of x at half its error, and of y on another grid."""
    table.runs_of("cosine", [1.0, 1.0]).runs_of("x", [1.0, 1.0]).runs_of("y", [1.0])
    curves = {}
    for number, factor, grid in ((1, 1.0, 3), (2, 1.2, 3), (3, 0.5, 3), (4, 0.6, 3), (5, 1.0, 4)):
        logsnr = np.linspace(-1, 1, grid)
        content = {"logsnr": logsnr.tolist(), "eps_error": (factor * np.exp(-logsnr)).tolist()}
        curves[f"run{number}"] = json.dumps(content).encode()
    monkeypatch.setattr(run_views.read, "artifact", lambda store, run_id, name: curves.get(run_id))
    return table.frame


def test_bands_are_read_from_the_runs_of_the_board(stored, tmp_path):
    found = run_views.error_bands(tmp_path, stored, "v")
    assert found.labels == ("cosine", "x")
    assert found.logsnr.tolist() == [-1, 0, 1]
    assert found.bands.ratio[1] == pytest.approx([0.5] * 3)
    assert found.notes == ("measured on another grid of λ, so left out: y",)


def test_the_baseline_is_always_read(stored, tmp_path):
    assert run_views.error_bands(tmp_path, stored, "v", labels=["x"]).labels == ("cosine", "x")
    assert run_views.error_bands(tmp_path, stored[stored["entry"] != "cosine"], "v") is None


def test_a_quantity_that_no_run_has(stored, tmp_path):
    assert run_views.error_bands(tmp_path, stored, "v", quantity="excess") is None
