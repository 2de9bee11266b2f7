"""Training against sampling noise: by hand, against an ANOVA, and from runs and scores."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy import stats

from leaderboards.comparisons.views.variance import split, variance_table
from leaderboards.data.selection import select


def twice(table, entry, first, second, target="v", chosen=1.5):
    """Runs of an entry: log fd of two samplings at the chosen scale, and other scores at another scale."""
    for seed, (a, b) in enumerate(zip(first, second, strict=True)):
        table.run(entry, seed, {("test", chosen, 1.0): exp(a), ("test", 1.0, 1.0): 99.0}, target)
        if b is not None:
            table.also("fd_resampled", exp(b), "test", chosen)


def split_of(table, baseline="cosine"):
    chosen = select(table.tables, "digits-v1", ["fd", "fd_resampled"], baseline=baseline)
    return variance_table(chosen.scores, chosen.baseline)


def test_split_by_hand():
    """Seeds (0, 2), (4, 6), (11, 13): within 2²/2 = 2; means 1, 5, 12: MS = 2 · 31 = 62; training (62 − 2)/2 = 30."""
    parts = split([0.0, 4.0, 11.0], [2.0, 6.0, 13.0])
    assert (parts.sampling**2, parts.training**2) == pytest.approx((2.0, 30.0))
    assert parts.share == pytest.approx(2 / 32)


def test_sampling_interval_is_the_chi_square_one():
    first, second = np.random.default_rng(0).normal(size=(2, 6))
    within = np.mean((first - second) ** 2) / 2
    parts = split(first, second)
    assert parts.sampling_low**2 == pytest.approx(6 * within / stats.chi2.ppf(0.975, 6))
    assert parts.sampling_high**2 == pytest.approx(6 * within / stats.chi2.ppf(0.025, 6))


def test_training_reaches_zero_exactly_where_the_f_test_accepts():
    """Williams–Tukey: the lower bound is 0 where F = MS_seeds / MS_within is below its 97.5 % quantile."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        training, first, second = rng.normal(size=(3, 5))
        first, second = first + training, second + training
        between, within = 2 * np.var((first + second) / 2, ddof=1), np.mean((first - second) ** 2) / 2
        rejected = between / within > stats.f.ppf(0.975, 4, 5)
        assert (split(first, second).training_low > 0) == rejected


def test_training_variance_below_zero_is_zero():
    parts = split([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0])
    assert (parts.training, parts.training_low, parts.share) == (0, 0, 1)


def test_weights_sampled_alike_have_no_sampling_noise():
    parts = split([0.0, 1.0, 3.0], [0.0, 1.0, 3.0])
    assert (parts.sampling, parts.share) == (0, 0)
    assert parts.training_low < parts.training < parts.training_high


def test_one_seed_has_no_split():
    assert split([1.0], [1.1]) is None
    assert split([1.0, 2.0], [1.1, np.nan]) is None


def test_a_pool_is_as_sure_as_one_entry():
    """Two entries with the same sampling noise of each seed: twice the same numbers say nothing more."""
    first, second = np.random.default_rng(0).normal(size=(2, 5))
    assert split([first, first], [second, second]) == split(first, second)


def test_the_table_pairs_both_samplings_of_a_run_at_its_own_scale(table):
    twice(table, "cosine", [0.0, 4.0, 11.0], [2.0, 6.0, 13.0])
    twice(table, "x", [0.1, 4.4, 11.3], [2.4, 6.2, 13.9], chosen=3.0)
    splits = {(row.target, row.entry, row.of): row.split for row in split_of(table).rows}
    assert set(splits) == {
        *(("v", name, "score") for name in ("cosine", "x", "all")),
        *(("v", name, "ratio") for name in ("x", "all")),
    }
    assert splits["v", "cosine", "score"].sampling ** 2 == pytest.approx(2.0)
    ratio = split([0.1, 0.4, 0.3], [0.4, 0.2, 0.9])
    assert splits["v", "x", "ratio"].sampling == pytest.approx(ratio.sampling)
    assert splits["v", "x", "ratio"].training == pytest.approx(ratio.training)


def test_pools_over_entries_and_cells(table):
    rng = np.random.default_rng(0)
    for target in ("eps", "v"):
        for entry in ("cosine", "x"):
            twice(table, entry, *rng.normal(size=(2, 4)), target=target)
    twice(table, "short", *rng.normal(size=(2, 2)), target="v")
    splits = {(row.target, row.entry): row.split for row in split_of(table).rows if row.of == "score"}
    pooled = np.mean([splits[t, e].sampling ** 2 for t in ("eps", "v") for e in ("cosine", "x")])
    assert splits["all", "all"].sampling ** 2 == pytest.approx(pooled)
    assert (splits["v", "all"].seeds, splits["v", "short"].seeds) == (4, 2)


def test_runs_without_a_second_sampling_are_said(table):
    splits = split_of(table.runs_of("cosine", [1.0, 1.1]))
    assert splits.rows == ()
    assert "fd_resampled" in splits.notes[-1]
