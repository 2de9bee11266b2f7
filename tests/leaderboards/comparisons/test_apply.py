"""Sample against weight (protocol 7): the parts by hand, and what the intervals say of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leaderboards.boards.board import BASELINE
from leaderboards.comparisons.score_array import panel
from leaderboards.comparisons.views.apply import sample_or_weight
from leaderboards.data.selection import select

BASE = np.array([2.0, 2.4, 1.8, 2.1])
WEIGHTED = BASE * np.array([0.80, 0.82, 0.79, 0.81])
SAMPLED = WEIGHTED * np.array([0.60, 0.61, 0.59, 0.62])


@pytest.fixture
def of(metric):
    def make(table, **kind):
        chosen = select(table.tables, "digits-v1", ["fd"], baseline=BASELINE)
        return sample_or_weight(panel(chosen, track="digits-v1", metric=metric(**kind)))

    return make


@pytest.fixture
def both_ways(table):
    def make(target="v"):
        table.runs_of("cosine", BASE, target).runs_of("laplace", SAMPLED, target)
        return table.runs_of("laplace [weight]", WEIGHTED, target, schedule="laplace", apply="weight")

    return make


def test_the_parts_multiply_to_the_total(both_ways, of):
    (row,) = of(both_ways()).rows
    assert (row.entry, row.target, row.seeds) == ("laplace", "v", 4)
    assert row.total.value == pytest.approx(row.weight.value * row.sampling.value)
    for part, logs in {
        "total": np.log(SAMPLED / BASE),
        "weight": np.log(WEIGHTED / BASE),
        "sampling": np.log(SAMPLED / WEIGHTED),
    }.items():
        low, high = stats.t.interval(0.95, 3, loc=logs.mean(), scale=stats.sem(logs))
        effect = getattr(row, part)
        assert np.log([effect.value, effect.low, effect.high]) == pytest.approx([logs.mean(), low, high])
        assert effect.p == pytest.approx(stats.ttest_1samp(logs, 0).pvalue)
    assert row.verdict == "both help"


def test_differences_add(both_ways, of):
    (row,) = of(both_ways(), better="higher", compare="difference").rows
    assert row.total.value == pytest.approx(np.mean(SAMPLED - BASE))
    assert row.total.value == pytest.approx(row.weight.value + row.sampling.value)
    assert row.weight.low < row.weight.value < row.weight.high
    assert row.verdict == "both harm"


def test_over_cells_the_parts_are_averaged_within_each_seed(both_ways, of):
    both_ways("v")
    effects = of(both_ways("eps"))
    assert [row.target for row in effects.rows] == ["eps", "v", "all"]
    assert effects.rows[2].sampling.value == pytest.approx(effects.rows[0].sampling.value)


def test_only_seeds_with_all_three_runs_count(table, of):
    table.runs_of("cosine", [1.0, 1.0, 1.0]).runs_of("x", [0.5, 0.6, 9.0]).runs_of("x [weight]", [0.8, 0.9])
    (row,) = of(table).rows
    assert row.seeds == 2
    assert row.total.value == pytest.approx(np.sqrt(0.5 * 0.6))


def test_a_part_within_its_noise_is_not_claimed(table, of):
    table.runs_of("cosine", [1.0, 1.0, 1.0]).runs_of("x", [0.50, 0.51, 0.49]).runs_of("x [weight]", [0.51, 0.49, 0.50])
    assert of(table).rows[0].verdict == "the weight helps; where samples go is not told apart from none"


def test_what_is_missing_is_said(table, of):
    effects = of(table.runs_of("cosine", [1.0, 1.0]).runs_of("x [weight]", [1.0, 1.0]))
    assert effects.rows == ()
    assert "--apply" in effects.notes[0]
    assert "only run with --apply weight: x [weight]" in effects.notes[1]
