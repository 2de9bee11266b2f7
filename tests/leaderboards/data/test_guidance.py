"""Guidance: a fixed scale, or for each entry the one that wins on the validation split."""

from __future__ import annotations

from math import inf, nan

import pytest

from leaderboards.boards.board import board


def scores(val: dict[float, float], test: dict[float, float]) -> dict[tuple[str, float, float], float]:
    return {("val", g, 1.0): v for g, v in val.items()} | {("test", g, 1.0): v for g, v in test.items()}


@pytest.fixture
def ranked(table, metric):
    """entry → row of the one cell."""

    def make(guidance: object = "best", **kind: str) -> dict:
        ranking = board(table.tables, track="digits-v1", metric=metric(**kind), guidance=guidance)
        return {row.entry: row for row in ranking.rows}, ranking.cells[0]

    return make


def test_best_is_chosen_on_validation_and_scored_on_test(table, ranked):
    """Protocol 3: scale 2 wins on test, but validation says 1.5, so 1.5 is scored."""
    for seed in range(2):
        table.run("cosine", seed, scores({1.0: 3, 1.5: 1, 2.0: 2}, {1.0: 3.0, 1.5: 1.2 + seed, 2.0: 0.1}))
    row = ranked()[0]["cosine"]
    assert (row.guidance, row.guidance_scale) == ("best", 1.5)
    assert row.mean == pytest.approx(1.7)


def test_each_entry_has_its_own_best(table, ranked):
    """Protocol 3: guidance can turn an order round; each entry is compared at its own scale."""
    for seed in range(2):
        table.run("cosine", seed, scores({1.0: 2, 1.5: 1}, {1.0: 2.0, 1.5: 1.0}))
        table.run("laplace", seed, scores({1.0: 0.8, 1.5: 3}, {1.0: 0.8, 1.5: 3.0}))
    rows = ranked()[0]
    assert {entry: row.guidance_scale for entry, row in rows.items()} == {"cosine": 1.5, "laplace": 1.0}
    assert rows["laplace"].ratio == pytest.approx(0.8)
    assert ranked(1.5)[0]["laplace"].ratio == pytest.approx(3.0)


def test_best_is_the_mean_of_logs_for_ratio_metrics(table, ranked):
    """Means 2.05 and 2, mean logs of 0.4 (geometric mean 0.63) and 2: a ratio metric takes the first."""
    table.run("cosine", 0, scores({1.0: 4.0, 1.5: 2}, {1.0: 1, 1.5: 2}))
    table.run("cosine", 1, scores({1.0: 0.1, 1.5: 2}, {1.0: 1, 1.5: 2}))
    assert ranked()[0]["cosine"].guidance_scale == 1.0
    assert ranked(compare="difference")[0]["cosine"].guidance_scale == 1.5


def test_best_follows_the_metrics_direction(table, ranked):
    for seed in range(2):
        table.run("cosine", seed, scores({1.0: 0.5, 1.5: 0.7}, {1.0: 0.4, 1.5: 0.6}))
    assert ranked(better="higher", compare="difference")[0]["cosine"].mean == pytest.approx(0.6)


def test_of_equal_scales_the_weakest_wins(table, ranked):
    table.run("cosine", 0, scores({3.0: 1, 1.5: 1, 1.0: 2}, {3.0: 1, 1.5: 1, 1.0: 2}))
    table.run("edm", 0, scores({0.5: 1, 1.0: 1}, {0.5: 1, 1.0: 1}))
    rows = ranked()[0]
    assert (rows["cosine"].guidance_scale, rows["edm"].guidance_scale) == (1.5, 1.0)


def test_a_scale_that_fails_is_not_chosen(table, ranked):
    table.run("cosine", 0, scores({1.0: 2, 1.5: nan, 2.0: inf}, {1.0: 2, 1.5: 1, 2.0: 1}))
    table.run("cosine", 1, scores({1.0: 2, 1.5: 0.1, 2.0: 0.1}, {1.0: 2, 1.5: 1, 2.0: 1}))
    row = ranked()[0]["cosine"]
    assert (row.guidance_scale, row.mean) == (1.0, 2.0)


def test_a_scale_scored_for_fewer_seeds_is_not_chosen(table, ranked):
    table.run("cosine", 0, scores({1.0: 2, 1.5: 0.1}, {1.0: 2, 1.5: 0.1}))
    table.run("cosine", 1, scores({1.0: 2}, {1.0: 2}))
    row = ranked()[0]["cosine"]
    assert (row.guidance_scale, row.seeds) == (1.0, 2)


def test_without_validation_the_score_is_unguided_and_says_so(table, ranked):
    """Choosing on test would be choosing by luck."""
    table.run("cosine", 0, scores({}, {1.0: 2, 1.5: 1}))
    rows, section = ranked()
    assert rows["cosine"].guidance_scale == 1.0
    assert any("no validation scores" in note for note in section.notes)


def test_a_single_scale_needs_no_choice(table, ranked):
    table.run("cosine", 0, scores({}, {1.0: 2}))
    rows, section = ranked()
    assert rows["cosine"].guidance_scale == 1.0
    assert not any("validation" in note for note in section.notes)


def test_a_metric_without_guidance_reports_none(table, ranked):
    table.runs_of("cosine", [1.0, 1.1])
    for guidance in ("best", 1.5):
        row = ranked(guidance)[0]["cosine"]
        assert (row.guidance, row.guidance_scale, row.seeds) == (None, None, 2)


def test_a_fixed_scale_is_taken_as_it_is(table, ranked):
    table.run("cosine", 0, scores({1.0: 1, 1.15: 9}, {1.0: 1, 1.15: 7}))
    row = ranked(1.15)[0]["cosine"]
    assert (row.guidance, row.guidance_scale, row.mean) == (1.15, 1.15, 7)


def test_marks_on_the_way_are_not_scored(table, ranked):
    table.run("cosine", 0, scores({1.0: 1}, {1.0: 1}) | {("test", 1.0, 0.5): 5.0})
    assert ranked()[0]["cosine"].mean == 1


def test_validation_never_enters_a_score(table, ranked):
    """Protocol 5: the reported score never touches the validation split."""
    table.run("cosine", 0, {("test", 1.0, 1.0): 1, ("val", 1.0, 1.0): 100})
    assert ranked(1.0)[0]["cosine"].mean == 1
