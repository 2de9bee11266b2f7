"""Boards from synthetic runs with known truth: each rule of protocol 6, one test that names it."""

from __future__ import annotations

from itertools import combinations
from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.specs import Entry
from leaderboards.boards.board import board
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.data.tables import Tables
from leaderboards.statistics.student_t import holm
from schedules.errors import UserError

SEEDS = 5


@pytest.fixture
def of(metric):
    """Board of runs and scores by fd, or by the metric that the arguments say."""

    def make(tables: Tables, better: str = "lower", compare: str = "ratio", **arguments: object) -> Board:
        return board(tables, track="digits-v1", metric=metric(better=better, compare=compare), **arguments)

    return make


def row(section: Section, entry: str) -> Row:
    return next(row for row in section.rows if row.entry == entry)


def cell(ranking: Board, target: str = "v") -> Section:
    return next(section for section in ranking.cells if section.target == target)


def lucky(rng: np.random.Generator, ratio: float = 1.0, noise: float = 0.02) -> np.ndarray:
    """Scores of one entry: the luck of each seed is the same for all entries, the noise is its own."""
    luck = np.exp(0.3 * np.random.default_rng(1).standard_normal(SEEDS))
    return ratio * luck * np.exp(noise * rng.standard_normal(SEEDS))


def test_distances_are_compared_as_log_ratios_paired_by_seed(table, of):
    """Protocol 6: log ratios to the baseline, paired; the interval is Student's t over the pairs."""
    rng = np.random.default_rng(0)
    a, b = lucky(rng), lucky(rng, 0.7)
    laplace = row(cell(of(table.runs_of("cosine", a).runs_of("laplace", b).tables)), "laplace")
    logs = np.log(b / a)
    low, high = stats.t.interval(0.95, SEEDS - 1, loc=logs.mean(), scale=stats.sem(logs))
    assert np.log([laplace.ratio, laplace.ratio_low, laplace.ratio_high]) == pytest.approx([logs.mean(), low, high])
    assert laplace.ratio_low < 0.7 < laplace.ratio_high
    assert laplace.p_holm == pytest.approx(stats.ttest_rel(np.log(b), np.log(a)).pvalue)
    assert isnan(laplace.difference)


def test_mean_is_arithmetic_with_its_t_interval(table, of):
    scores = lucky(np.random.default_rng(0))
    cosine = row(cell(of(table.runs_of("cosine", scores).tables)), "cosine")
    low, high = stats.t.interval(0.95, SEEDS - 1, loc=scores.mean(), scale=stats.sem(scores))
    assert (cosine.mean, cosine.ci_low, cosine.ci_high) == pytest.approx((scores.mean(), low, high))
    assert cosine.values == pytest.approx(dict(enumerate(scores)))


def test_signed_metrics_are_compared_as_differences(table, of):
    """Protocol 6: signed metrics as differences; there is no ratio then."""
    table.runs_of("cosine", [0.10, -0.02, 0.03]).runs_of("laplace", [0.06, -0.05, -0.02])
    laplace = row(cell(of(table.tables, compare="difference")), "laplace")
    assert laplace.difference == pytest.approx(-0.04)
    assert laplace.difference_low < -0.04 < laplace.difference_high < 0
    assert isnan(laplace.ratio)
    assert isnan(laplace.ratio_low)


def test_the_baseline_has_ratio_one(paper, of):
    for section in of(paper).sections:
        baseline = row(section, "cosine")
        assert (baseline.ratio, baseline.ratio_low, baseline.ratio_high, baseline.speedup) == (1, 1, 1, 1)
        assert isnan(baseline.p_holm)
        assert baseline.baseline


def test_pairing_uses_the_seeds_that_both_have(table, of):
    """Protocol 6: paired by seed. The lucky fifth seed of one entry alone must not move the ratio."""
    table.runs_of("cosine", [1.0, 2.0, 3.0]).runs_of("laplace", [0.5, 1.0, 1.5, 9.0, 0.01])
    laplace = row(cell(of(table.tables)), "laplace")
    assert (laplace.ratio, laplace.pairs, laplace.seeds) == (pytest.approx(0.5), 3, 5)


def test_what_pairing_bought(table, of):
    """The noise of paired against unpaired differences; shared luck of 0.3 cancels, 0.02 of each one's own stays."""
    rng = np.random.default_rng(0)
    a, b = lucky(rng), lucky(rng, 0.7)
    section = cell(of(table.runs_of("cosine", a).runs_of("laplace", b).tables))
    laplace = row(section, "laplace")
    assert laplace.noise_paired == pytest.approx(np.std(np.log(a / b), ddof=1))
    assert laplace.noise_unpaired == pytest.approx(np.hypot(np.std(np.log(a), ddof=1), np.std(np.log(b), ddof=1)))
    assert section.noise == pytest.approx((laplace.noise_paired, laplace.noise_unpaired))
    assert section.noise[0] < 0.05 < 0.2 < section.noise[1]


def test_cells_are_averaged_within_each_seed_first(paper, of):
    """Protocol 6: over cells, log ratios are averaged within each seed and the t goes over seeds."""
    ranking = of(paper, guidance=1.0)
    scores = {
        (target, entry): np.log([row(cell(ranking, target), entry).values[seed] for seed in range(3)])
        for target in ("eps", "v", "x0")
        for entry in ("cosine", "edm")
    }
    per_seed = np.mean([scores[t, "edm"] - scores[t, "cosine"] for t in ("eps", "v", "x0")], axis=0)
    low, high = stats.t.interval(0.95, 2, loc=per_seed.mean(), scale=stats.sem(per_seed))
    overall = row(ranking.overall, "edm")
    assert np.log([overall.ratio, overall.ratio_low, overall.ratio_high]) == pytest.approx([per_seed.mean(), low, high])
    assert overall.seeds == 3


def test_a_seed_must_be_in_every_cell_to_be_pooled(table, of):
    for target, seeds in {"v": 4, "eps": 3}.items():
        table.runs_of("cosine", [1.0, 1.1, 1.2, 50.0][:seeds], target)
        table.runs_of("laplace", [0.5, 0.6, 0.55, 1.0][:seeds], target)
    overall = of(table.tables).overall
    assert row(overall, "laplace").seeds == 3
    assert row(overall, "laplace").ratio == pytest.approx(np.exp(np.mean(np.log([0.5, 0.6 / 1.1, 0.55 / 1.2]))))


def test_p_values_are_holm_corrected_within_the_table(table, of):
    """Protocol 9: all six pairs of four entries are one family, those against the baseline among them."""
    rng = np.random.default_rng(3)
    a = lucky(rng)
    others = {name: lucky(rng, ratio) for name, ratio in {"x": 0.9, "y": 0.97, "z": 0.5}.items()}
    table.runs_of("cosine", a)
    for name, scores in others.items():
        table.runs_of(name, scores)
    section = cell(of(table.tables))
    logs = {name: np.log(scores) for name, scores in {"cosine": a, **others}.items()}
    raw = {pair: stats.ttest_rel(logs[pair[0]], logs[pair[1]]).pvalue for pair in combinations(logs, 2)}
    corrected = dict(zip(raw, holm(list(raw.values())), strict=True))
    for name in others:
        assert row(section, name).p_holm == pytest.approx(corrected["cosine", name], rel=1e-6)
    assert {row.family for row in section.rows} == {"all pairs (6 tests)"}
    focused = cell(of(table.tables, focus="x"))
    in_focus = dict(zip("yz", holm([raw["x", "y"], raw["x", "z"], raw["cosine", "x"]]), strict=False))
    assert row(focused, "y").p_holm == pytest.approx(in_focus["y"], rel=1e-6)
    assert {row.family for row in focused.rows} == {"x against every other (3 tests)"}
    assert row(focused, "z").focus_effect == pytest.approx(np.exp(np.mean(logs["z"] - logs["x"])))
    assert row(focused, "z").ratio == row(section, "z").ratio


def test_one_seed_has_no_interval_and_no_rank(table, of):
    """Protocol 6: one seed has no interval and no rank; the ratio is still shown."""
    section = cell(of(table.runs_of("cosine", [2.0]).runs_of("laplace", [1.0]).tables))
    laplace = row(section, "laplace")
    assert laplace.rank is None
    assert laplace.ratio == pytest.approx(0.5)
    assert np.isnan([laplace.ratio_low, laplace.ci_low, laplace.p_holm]).all()
    assert [row.entry for row in section.rows] == ["laplace", "cosine"]
    assert "one seed" in section.notes[0]


def test_a_rank_is_shared_by_what_the_data_cannot_tell_apart(table, of):
    """Protocol 6: two entries within the noise share rank 1, the baseline is third."""
    rng = np.random.default_rng(5)
    table.runs_of("cosine", lucky(rng)).runs_of("x", lucky(rng, 0.500)).runs_of("y", lucky(rng, 0.501))
    section = cell(of(table.tables))
    assert [row.rank for row in section.rows] == [1, 1, 3]
    assert [(row.rank_low, row.rank_high) for row in section.rows] == [(1, 2), (1, 2), (3, 3)]
    assert (section.entries, section.tests, section.told_apart) == (3, 3, 2)


def test_higher_can_be_better(table, of):
    rng = np.random.default_rng(5)
    noise = 0.01 * rng.standard_normal((2, 5))
    table.runs_of("cosine", 0.6 + noise[0]).runs_of("x", 0.8 + noise[1])
    section = cell(of(table.tables, better="higher", compare="difference", floor=0.9))
    assert [(row.entry, row.rank) for row in section.rows] == [("x", 1), ("cosine", 2)]
    assert row(section, "x").difference == pytest.approx(0.2, abs=0.02)
    assert not row(section, "x").saturated


def test_diverged_runs_count_as_worst(table, of):
    """Divergence is a result: one diverged seed puts an entry last, however good its others are."""
    table.runs_of("cosine", [2.0, 2.1, 2.2]).runs_of("wild", [0.1, None, 0.1]).runs_of("edm", [3.0, 3.2, 3.3])
    section = cell(of(table.tables))
    wild = section.rows[-1]
    assert (wild.entry, wild.rank, wild.mean, wild.diverged, wild.seeds) == ("wild", 3, inf, 1, 3)
    assert wild.values == {0: 0.1, 1: inf, 2: 0.1}
    assert np.isnan([wild.ratio, wild.p_holm, wild.ci_low]).all()
    assert (wild.speedup, wild.speedup_note) == (None, "diverged")


def test_a_score_that_is_not_finite_counts_as_diverged(table, of):
    table.runs_of("cosine", [2.0, 2.1]).runs_of("nan", [1.0, nan]).runs_of("inf", [1.0, inf])
    section = cell(of(table.tables))
    assert [row(section, name).diverged for name in ("cosine", "nan", "inf")] == [0, 1, 1]


def test_divergence_in_one_cell_is_worst_over_all(table, of):
    for target in ("v", "eps"):
        table.runs_of("cosine", [2.0, 2.1, 2.2], target)
        table.runs_of("wild", [1.0, None if target == "eps" else 1.0, 1.0], target)
    assert row(of(table.tables).overall, "wild").mean == inf


def test_a_diverged_baseline_leaves_no_ratio_and_says_so(table, of):
    section = cell(of(table.runs_of("cosine", [2.0, None, 2.0]).runs_of("x", [1.0, 1.1, 1.2]).tables))
    assert isnan(row(section, "x").ratio)
    assert "diverged" in section.notes[0]


def test_a_missing_baseline_leaves_no_ratio_and_says_so(table, of):
    section = cell(of(table.runs_of("x", [1.0, 1.1, 1.2]).runs_of("y", [2.0, 2.1, 2.2]).tables))
    assert isnan(row(section, "x").ratio)
    assert "no run of the baseline" in section.notes[0]


def test_a_score_of_zero_has_no_ratio(table, of):
    section = cell(of(table.runs_of("cosine", [1.0, 1.1]).runs_of("x", [0.0, 0.1]).tables))
    assert isnan(row(section, "x").ratio)
    assert row(section, "x").mean == pytest.approx(0.05)
    assert any("no ratio: x" in note for note in section.notes)


def test_scores_near_the_floor_are_saturated(table, of):
    """Protocol 4: a mean within 1.1 × the floor is marked, one above it is not."""
    table.runs_of("cosine", [0.28, 0.29]).runs_of("x", [0.27, 0.27])
    section = cell(of(table.tables, floor=0.25))
    assert row(section, "x").saturated
    assert not row(section, "cosine").saturated
    assert row(section, "x").floor == 0.25


def test_two_protocols_are_never_mixed(table, of):
    """Protocol 6 and the design's words: the newest protocol is ranked, the note says what was left out."""
    table.runs_of("cosine", [1.0, 1.1], protocol="1").runs_of("cosine", [5.0, 5.5, 6.0], protocol="2")
    ranking = of(table.tables)
    assert ranking.protocol == "2"
    assert row(cell(ranking), "cosine").values == {0: 5.0, 1: 5.5, 2: 6.0}
    assert "2 runs of protocol 1" in ranking.notes[0]
    assert row(cell(of(table.tables, protocol="1")), "cosine").seeds == 2
    with pytest.raises(UserError, match="unknown protocol '3'"):
        of(table.tables, protocol="3")


def test_two_codes_under_one_name_are_shown_apart(table, of):
    table.runs_of("cosine", [1.0, 1.1])
    table.runs_of("mine", [0.5, 0.6], fingerprint="aaaaaa1111").runs_of("mine", [0.7, 0.8], fingerprint="bbbbbb2222")
    ranking = of(table.tables)
    assert {row.entry for row in ranking.rows} == {"cosine", "mine#aaaaaa", "mine#bbbbbb"}
    assert ranking.notes[0].startswith("mine: run with 2 different codes, shown apart; mine#bbbbbb was recorded last")
    assert "--plugin FILE.py" in ranking.notes[0]


def test_of_two_codes_todays_is_named(table, of):
    now = Entry.of("laplace").fingerprint
    table.runs_of("cosine", [1.0, 1.1])
    table.runs_of("laplace", [0.5, 0.6], fingerprint=now).runs_of("laplace", [0.7, 0.8], fingerprint="bbbbbb2222")
    assert of(table.tables).notes[0].endswith(f"; laplace#{now[:6]} is what its file says now")
    table.runs_of("edm", [0.5, 0.6], fingerprint="aaaaaa11").runs_of("edm", [0.7, 0.8], fingerprint="bbbbbb2222")
    assert of(table.tables).notes[0].endswith("; what its file says now was not run")


def test_two_codes_of_the_baseline_take_the_newest(table, of):
    table.runs_of("cosine", [1.0, 1.1], fingerprint="aaaaaa11").runs_of("cosine", [2.0, 2.2], fingerprint="bbbbbb22")
    ranking = of(table.tables)
    assert ranking.baseline == "cosine#bbbbbb"
    assert row(cell(ranking), "cosine#aaaaaa").ratio == pytest.approx(0.5)


def test_of_repeated_runs_the_newest_counts(table, of):
    table.runs_of("cosine", [1.0, 1.1]).runs_of("cosine", [2.0])
    assert row(cell(of(table.tables)), "cosine").values == {0: 2.0, 1: 1.1}


def test_other_tracks_and_targets_are_left_out(table, of):
    table.runs_of("cosine", [1.0, 1.1]).runs_of("cosine", [9.0], track="gmm-v1").runs_of("edm", [1.0], "eps")
    ranking = of(table.tables, target="v")
    assert [(section.target, len(section.rows)) for section in ranking.sections] == [("v", 1)]


def test_speed_up_pairs_the_curves_by_seed(table, of):
    """The curve 2 / mark reaches the baseline's final score of its own seed: 4 at 50 %, 3 in between."""
    marks = {("test", nan, mark): 2 / mark for mark in (0.25, 0.5, 1.0)}
    for seed, goal in enumerate([4.0, 3.0]):
        table.run("cosine", seed, {("test", nan, mark): goal / mark for mark in (0.25, 0.5, 1.0)})
        table.run("fast", seed, marks)
        table.run("slow", seed, {key: 10 * value for key, value in marks.items()})
    section = cell(of(table.tables))
    assert row(section, "fast").speedup == pytest.approx(np.sqrt(2 * 1.5))
    assert row(section, "slow").speedup_note == "not reached"


def test_speed_up_over_cells_averages_logs_within_each_seed(table, of):
    for target, ratio in {"v": 0.5, "eps": 0.8}.items():
        for seed in range(2):
            for entry, factor in {"cosine": 1.0, "fast": ratio}.items():
                table.run(entry, seed, {("test", nan, mark): factor / mark for mark in (0.25, 0.5, 1.0)}, target)
    assert row(of(table.tables).overall, "fast").speedup == pytest.approx(np.sqrt(2 * 1.25))


def test_the_truth_is_recovered(paper, of):
    """Known ratios 0.5, 0.7, 1.2 are inside their intervals over all targets, and ranked in that order."""
    overall = of(paper).overall
    assert [row.entry for row in overall.rows] == ["laplace", "cosine_scaled:s=2", "cosine", "edm"]
    assert [row.rank for row in overall.rows] == [1, 2, 3, 4]
    for entry, ratio in {"laplace": 0.5, "cosine_scaled:s=2": 0.7, "edm": 1.2}.items():
        standing = row(overall, entry)
        assert standing.ratio_low < ratio < standing.ratio_high
        assert standing.guidance_scale == 1.5


def test_an_empty_table_gives_an_empty_board(table, of):
    ranking = of(table.tables)
    assert (ranking.sections, ranking.rows) == ((), ())


def test_a_run_without_the_metric_is_named(table, of):
    table.runs_of("cosine", [1.0, 1.1]).runs_of("old", [0.9, 1.0], metric="nll")
    section = cell(of(table.tables))
    assert [row.entry for row in section.rows] == ["cosine"]
    assert section.notes == ("without a score here: old",)


def test_the_table_is_left_as_it_was(paper, of):
    before = paper.runs.copy(deep=True), paper.scores.copy(deep=True)
    of(paper)
    for table, copy in zip((paper.runs, paper.scores), before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_runs_of_several_devices_are_named(table, of):
    table.runs_of("cosine", [1.0, 1.1]).runs_of("laplace", [1.0, 1.1], device="cuda")
    assert of(table.tables).notes == ("runs of several devices: cpu, cuda",)


def test_a_score_of_zero_in_one_cell_has_no_ratio_over_all(table, of):
    for target in ("v", "eps"):
        table.runs_of("cosine", [1.0, 1.1, 1.2], target)
        table.runs_of("x", [0.0 if target == "v" else 0.5, 0.6, 0.5], target)
    standing = row(of(table.tables).overall, "x")
    assert isnan(standing.ratio)
    assert standing.values[0] == 0


def test_a_cell_in_which_everything_diverged(table, of):
    section = cell(of(table.runs_of("cosine", [None, None]).runs_of("x", [None, None]).tables))
    assert [(row.entry, row.mean, row.rank) for row in section.rows] == [("cosine", inf, None), ("x", inf, None)]
