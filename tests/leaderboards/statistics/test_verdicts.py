"""Who is told apart from whom: against SciPy, and what each rule of protocol 6 and 9 says."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboards.boards.judge import Judge
from leaderboards.data.track_noise import Known, Priors, Record
from leaderboards.statistics.student_t import holm
from leaderboards.statistics.verdicts import SIGNIFICANCE, Verdicts

SHARES = st.sampled_from([0.0, 0.1, 0.4])


def judged(costs: np.ndarray, priors: Priors | None = None, focus: str | None = None) -> Verdicts:
    """Of one cell, entries called a, b, c, …"""
    return judge_of(costs[None], priors, focus).verdicts(["v"])


def judge_of(costs: np.ndarray, priors: Priors | None = None, focus: str | None = None) -> Judge:
    """Of several cells."""
    cells, labels = ("v", "x0", "eps")[: len(costs)], [chr(ord("a") + i) for i in range(costs.shape[1])]
    return Judge.of(
        {cell: (labels, range(costs.shape[2]), of_cell) for cell, of_cell in zip(cells, costs, strict=True)},
        priors,
        focus,
    )


def prior(variance: float, freedom: float = 8.0, cells: tuple[tuple[str, ...], ...] = (("v",),)) -> Priors:
    """A track whose pairs have this variance, its entries half of it each."""
    pairs, own = Known(freedom=freedom, variance=variance), Known(freedom=50.0, variance=1.0)
    record = {"metric": "fd", "guidance": "best", "entries": 81, "seeds": 5}
    return Priors({c: Record(**record, targets=c, pairs=pairs, own=own, everywhere=own) for c in cells}, 405)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 8), st.integers(1, 9), SHARES)
@example(seed=0, entries=8, seeds=5, missing=0.0)
@example(seed=0, entries=8, seeds=5, missing=0.1)
def test_few_pairs_without_a_track_are_tested_as_scipy_tests_each(
    costs_of, seed: int, entries: int, seeds: int, missing: float
):
    """Fewer than 100 pairs and nothing published: ordinary paired t, Holm over all pairs that share three seeds."""
    costs = costs_of(seed, entries, seeds, missing)
    verdicts, p = judged(costs), np.full((entries, entries), np.nan)
    for i, j in zip(*np.triu_indices(entries, k=1), strict=True):
        both = np.isfinite(costs[i]) & np.isfinite(costs[j])
        a, b = costs[i, both], costs[j, both]
        if both.any():
            assert verdicts.mean[i, j] == pytest.approx(np.mean(a - b), rel=1e-9, abs=1e-12)
        if both.sum() < 2:
            assert np.isnan(verdicts.half[i, j])
        elif not np.array_equal(a, b):
            interval = stats.ttest_rel(a, b).confidence_interval()
            assert verdicts.half[i, j] == pytest.approx((interval.high - interval.low) / 2, rel=1e-8)
        else:
            assert verdicts.half[i, j] == 0
        if both.sum() >= 3:
            p[i, j] = 1.0 if np.array_equal(a, b) else stats.ttest_rel(a, b).pvalue
    np.testing.assert_allclose(
        verdicts.p_holm[np.triu_indices(entries, k=1)], holm(p)[np.triu_indices(entries, k=1)], rtol=1e-7
    )


def test_many_tests_are_corrected_as_if_every_p_was_worked_out(costs_of):
    """p above 5 % are not worked out where many are; what is corrected stays what SciPy and Holm give."""
    costs = costs_of(3, 40, 5, 0.0) + np.where(np.arange(40) % 2, 0.0, 3.0)[:, None]
    verdicts = judged(costs)
    first, second = np.triu_indices(40, k=1)
    each = np.array([verdicts.p(i, j) for i, j in zip(first, second, strict=True)])
    corrected = holm(each)
    np.testing.assert_allclose(verdicts.p_holm[first, second], corrected, rtol=1e-7)
    assert 100 < (corrected < SIGNIFICANCE).sum() < 700


def test_a_pair_by_hand():
    """Differences −1, −2, −3: mean −2, s² = 1, each entry's own variance ½, a quarter of the track's.

    With 50 degrees of freedom for those, the level is (50 + 2/4)/52; with ν₀ = 8 and s₀² = 4 the variance of a
    difference is s̃² = (8·4·level + 2·1)/10 with 10 of them.
    """
    verdicts = judged(np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]), prior(4.0))
    moderated = (8 * 4 * 50.5 / 52 + 2) / 10
    error = np.sqrt(moderated / 3)
    assert verdicts.p(0, 1) == pytest.approx(2 * stats.t.sf(2 / error, 10))
    assert verdicts.half[0, 1] == pytest.approx(stats.t.ppf(0.975, 10) * error)
    assert verdicts.noise(0, 1) == (pytest.approx(np.sqrt(moderated)), 8.0)


def test_two_entries_with_three_seeds_are_judged_by_what_the_track_knows():
    """About 20 % three times, with the scatter that the track knows: t with 10 degrees of freedom in place of 2."""
    costs = np.stack([np.zeros(3), [0.16, 0.2, 0.21]])
    assert judged(costs, prior(0.05**2)).p_holm[0, 1] < 0.001 < 0.005 < judged(costs).p_holm[0, 1]


def test_an_erratic_entry_is_judged_by_its_own_seeds():
    """Ten times the scatter that the track knows: the larger p and the wider interval are those of ordinary t."""
    rng = np.random.default_rng(5)
    costs = 0.1 * rng.normal(size=(5, 5)) + np.arange(5)[:, None]
    costs[4] = 4 + np.array([1.2, -0.9, 0.4, -1.3, 0.6])
    calm, wild = judged(costs[:4], prior(0.02)), judged(costs, prior(0.02))
    assert wild.erratic.tolist() == [False] * 4 + [True]
    assert not calm.erratic.any()
    assert wild.p(0, 4) == pytest.approx(stats.ttest_rel(costs[0], costs[4]).pvalue)
    assert (wild.half[:4, :4] <= 1.2 * calm.half)[~np.eye(4, dtype=bool)].all()
    assert wild.noise(0, 4) == (pytest.approx(np.std(costs[0] - costs[4], ddof=1)), 0.0)


def test_a_scatter_that_is_only_found_over_all_targets():
    """Three times the usual in each of three targets with three seeds: each alone may be luck, all together are not."""
    rng = np.random.default_rng(6)
    costs = 0.1 * rng.normal(size=(3, 12, 3)) + np.arange(12)[:, None]
    costs[:, 0] = 0.13 * np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [-1.0, 0.0, 1.0]])
    cells = (("v",), ("x0",), ("eps",), ("v", "x0"), ("eps", "v"), ("eps", "x0"), ("eps", "v", "x0"))
    judge = judge_of(costs, prior(0.02, cells=cells))
    alone = judge_of(costs[:1], prior(0.02))
    assert judge.verdicts(["v"]).erratic[0]
    assert judge.verdicts(["v", "x0", "eps"]).erratic[0]
    assert not alone.verdicts(["v"]).erratic[0]


def test_two_seeds_have_an_interval_and_no_verdict():
    """Nothing would show an erratic entry: the interval is that of ordinary t, whatever the track knows."""
    costs = np.array([[0.0, 0.1], [1.0, 1.3]])
    verdicts = judged(costs, prior(0.01))
    assert np.isnan(verdicts.p_holm).all()
    assert verdicts.half[0, 1] == pytest.approx(stats.t.ppf(0.975, 1) * 0.2 / np.sqrt(2) / np.sqrt(2))


def test_a_focus_is_a_family_of_its_own():
    """Protocol 9: 11 tests in place of 66, so the same p are told apart more often, and no other pair is tested."""
    rng = np.random.default_rng(7)
    costs = 0.2 * rng.normal(size=(12, 5)) + np.linspace(0, 2, 12)[:, None]
    every, focus = judged(costs), judged(costs, focus="d")
    assert (every.tests, focus.tests) == (66, 11)
    assert np.isnan(np.delete(np.delete(focus.p_holm, 3, 0), 3, 1)).all()
    assert (focus.p_holm[3] <= every.p_holm[3])[np.arange(12) != 3].all()
    assert focus.told[3].sum() > every.told[3].sum()
    np.testing.assert_array_equal(focus.half, every.half)


def test_some_entries_of_a_board_keep_its_verdicts():
    """What is hidden changes nothing: the family is the board's."""
    rng = np.random.default_rng(8)
    verdicts = judged(0.2 * rng.normal(size=(12, 5)) + np.linspace(0, 1.2, 12)[:, None], focus="d")
    part = verdicts.of([5, 3])
    assert part.p_holm[0, 1] == verdicts.p_holm[5, 3]
    assert (part.focus, part.half[1, 0], part.noise(0, 1)) == (1, verdicts.half[3, 5], verdicts.noise(5, 3))


def test_the_same_for_practical_purposes():
    """An interval within ± 5 %, either way round: −4 % is 1/0.96 = +4.2 % from the other side, −4.9 % is +5.2 %."""
    tight = 1e-6 * np.array([1.0, -1.0, 0.5, 0.0, -0.5])
    costs = np.stack([np.zeros(5), log(0.96) + tight, log(0.951) - tight, 0.03 + 1e4 * tight])
    verdicts = judged(costs)
    assert verdicts.same[0].tolist() == [False, True, False, True]
    assert verdicts.told[0].tolist() == [False, True, True, True]
    assert (verdicts.same == verdicts.same.T).all()


@pytest.mark.parametrize("entries", [14, 15])
def test_a_board_has_a_noise_of_its_own_from_100_pairs_on(entries: int):
    rng = np.random.default_rng(9)
    judge = judge_of(rng.normal(size=(1, entries, 5)), prior(4.0))
    assert judge.source == ("board" if entries == 15 else "track")
    assert judge_of(rng.normal(size=(1, 14, 5))).source == "none"
