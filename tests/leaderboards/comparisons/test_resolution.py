"""What a board can tell apart: noise by hand, detection by simulation, seeds and minutes by arithmetic."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import exp, isnan

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.resolution import noise, resolutions, separation
from leaderboards.data.selection import select
from schedules.errors import UserError

STEPS = np.array([-0.03, 0.01, -0.02, 0.0])


@pytest.fixture
def of(metric):
    def make(frame):
        return panel(select(frame, "digits-v1", ["fd"], baseline=BASELINE), track="digits-v1", metric=metric())

    return make


def filled(table, costs, targets=("v",), seconds=None):
    """A table of entries cosine, e1, e2, …: costs (targets, entries, seeds) are log scores."""
    for target, rows in zip(targets, costs, strict=True):
        for place, row in enumerate(rows):
            for seed, cost in enumerate(row):
                table.run(f"e{place}" if place else "cosine", seed, exp(cost), target)
                if seconds:
                    table.also("seconds/training", seconds)
    return table.tables


def test_noise_is_the_root_mean_square_over_pairs():
    costs = np.random.default_rng(0).normal(size=(5, 4))
    variances = [np.var(a - b, ddof=1) for a, b in combinations(costs, 2)]
    assert noise(costs)[0] == pytest.approx(np.sqrt(np.mean(variances)))


def test_noise_of_two_entries_is_that_of_their_differences():
    """Two entries: the χ² interval of an ordinary variance with n − 1 degrees of freedom."""
    costs = np.random.default_rng(0).normal(size=(2, 5))
    sd = np.std(costs[0] - costs[1], ddof=1)
    low, high = (sd * np.sqrt(4 / stats.chi2.ppf(q, 4)) for q in (0.975, 0.025))
    assert noise(costs) == pytest.approx((sd, low, high))


def test_luck_that_all_share_is_no_noise():
    costs = np.random.default_rng(0).normal(size=(4, 3))
    assert noise(costs + np.array([5.0, -3.0, 1.0])) == pytest.approx(noise(costs))


def test_the_resolution_is_found_in_four_of_five_repetitions():
    """Truth at the resolution of its own noise: the paired test finds it in 80 %, at α = 0.05 and at α / 10."""
    seeds, sd = 5, 0.03
    rng = np.random.default_rng(0)
    from leaderboards.statistics.power import detectable

    for alpha in (0.05, 0.005):
        truth = sd * detectable(seeds, alpha)
        p = stats.ttest_1samp(truth + sd * rng.standard_normal((20_000, seeds)), 0, axis=1).pvalue
        assert np.mean(p < alpha) == pytest.approx(0.8, abs=0.012)


def test_resolutions_of_cells_and_over_all(table, of):
    rng = np.random.default_rng(1)
    luck = 0.3 * rng.normal(size=(1, 1, 5))
    frame = filled(table, luck + 0.02 * rng.normal(size=(2, 4, 5)), ("eps", "v"))
    eps, v, over_all = resolutions(of(frame))
    assert [each.target for each in (eps, v, over_all)] == ["eps", "v", "all"]
    assert (eps.entries, eps.seeds, eps.against_baseline.tests, eps.ranks.tests) == (4, 5, 3, 6)
    assert eps.noise == pytest.approx(0.02 * np.sqrt(2), rel=0.4)
    assert over_all.noise < max(eps.noise, v.noise)
    for each in (eps, v, over_all):
        assert each.noise_low < each.noise < each.noise_high
        assert each.unadjusted.difference < each.against_baseline.difference < each.ranks.difference
        assert each.unadjusted.better == pytest.approx(1 / each.unadjusted.worse)
        assert each.unadjusted.better < 1


def test_one_seed_has_no_resolution(table, of):
    assert resolutions(of(table.runs_of("cosine", [1.0]).runs_of("x", [2.0]).tables)) == ()


def test_a_diverged_entry_does_not_enter_the_noise(table, of):
    frame = filled(table, 0.01 * np.random.default_rng(0).normal(size=(1, 3, 4)))
    with_wild = table.runs_of("wild", [1.0, None, 1.0, 9.0]).tables
    assert resolutions(of(with_wild)) == resolutions(of(frame))


def test_separation_plans_seeds_and_minutes(table, of):
    """log ratios −0.03, −0.01, −0.02, … : the seeds are those that the noncentral t asks for, 60 s a run."""
    base = np.array([0.0, 0.1, 0.2, 0.3])
    costs = np.stack([base, base + STEPS, base + 0.5 - 0.3 * STEPS])
    plan = separation(of(filled(table, costs[None], seconds=60.0)), "e1", "cosine")
    assert plan.effect.value == pytest.approx(exp(-0.01))
    assert (plan.seeds, plan.told_apart, plan.target) == (4, False, "v")
    assert plan.noise == pytest.approx(np.std(STEPS, ddof=1))
    effect = 0.01 / plan.noise
    for needed, alpha in ((plan.needed, 0.05), (plan.needed_holm, 0.05 / 3)):
        powers = [stats.nct.sf(stats.t.isf(alpha / 2, n - 1), n - 1, effect * np.sqrt(n)) for n in (needed - 1, needed)]
        assert powers[0] < 0.8 <= powers[1] + 1e-6
    assert plan.more == plan.needed - 4
    assert plan.minutes == 2 * plan.more
    assert plan.same
    assert "the same for practical purposes: −1 % [" in plan.verdict


def test_a_plan_in_words(table, of):
    """A difference of 20 % that is not told apart: seeds and minutes, and whose noise it is."""
    base = np.array([0.0, 0.1, 0.2, 0.3])
    costs = np.stack([base, base + 0.2 + 8 * STEPS, base + 0.5 - 0.3 * STEPS])
    plan = separation(of(filled(table, costs[None], seconds=60.0)), "e1", "cosine")
    assert not plan.told_apart
    assert f"{plan.more_holm} more seeds" in plan.verdict
    assert f"{2 * plan.more_holm} min" in plan.verdict
    blamed = replace(plan, erratic=("e1",))
    assert "not told apart, as e1 scatters more than the others; " in blamed.verdict


def test_only_the_missing_runs_are_counted(table, of):
    """e1 has seeds 0 to 5, cosine 0 to 2: up to six seeds only cosine's runs are missing."""
    rng = np.random.default_rng(2)
    filled(table, [0.1 * rng.normal(size=(2, 3)) + [[0.0], [0.18]]], seconds=60.0)
    for seed in (3, 4, 5):
        table.run("e1", seed, 1.2)
        table.also("seconds/training", 60.0)
    plan = separation(of(table.tables), "e1", "cosine")
    assert plan.seeds == 3
    assert plan.minutes == max(0, plan.needed - 6) + max(0, plan.needed - 3)


def test_told_apart_is_what_the_ranks_use(paper, of):
    plan = separation(of(paper), "laplace", "edm")
    assert plan.told_apart
    assert plan.p_holm < 0.05
    assert plan.target == "all"
    assert "told apart: −5" in plan.verdict


def test_what_cannot_be_planned_says_why(table, of):
    scores = [1.0, 1.1, 1.2]
    table.runs_of("cosine", scores).runs_of("wild", [1.0, None]).runs_of("one", [1.0]).runs_of("same", scores)
    array = of(table.tables)
    assert "wild diverged" in separation(array, "cosine", "wild").verdict
    assert "fewer than three seeds" in separation(array, "cosine", "one").verdict
    same = separation(array, "cosine", "same")
    assert same.needed is None
    assert isnan(same.minutes)
    assert "the same for practical purposes" in same.verdict
    with pytest.raises(UserError, match="unknown entry 'wil'"):
        separation(array, "cosine", "wil")
    with pytest.raises(UserError, match="unknown target 'w'"):
        separation(array, "cosine", "wild", "w")
