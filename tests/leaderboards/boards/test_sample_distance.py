"""A board whose score draws no samples shows the distance of samples beside it, and ranks nothing by it."""

import math

import pytest

import leaderboards
from leaderboards.boards.query import board_of


@pytest.fixture(scope="module")
def tables():
    return leaderboards.published("gmm-v1").tables


def test_the_distance_beside_excess_risk_is_the_mean_that_the_distances_own_board_has(tables):
    beside, by_distance = board_of(tables, "gmm-v1"), board_of(tables, "gmm-v1", metric="fd")
    assert beside.samples_by == "fd"
    for section in beside.cells:
        means = {
            row.entry: row.mean for cell in by_distance.cells if cell.target == section.target for row in cell.rows
        }
        assert {row.entry: row.sample_distance for row in section.rows} == pytest.approx(means)
    targets = [{row.entry: row.sample_distance for row in section.rows} for section in beside.cells]
    for row in beside.overall.rows:
        assert row.sample_distance == pytest.approx(math.prod(means[row.entry] for means in targets) ** (1 / 3))


def test_it_ranks_nothing_and_stands_only_where_the_score_draws_no_samples(tables):
    ranks = {(row.target, row.entry): row.rank for row in board_of(tables, "gmm-v1").rows}
    by_distance = board_of(tables, "gmm-v1", metric="fd")
    assert by_distance.samples_by == ""
    assert all(math.isnan(row.sample_distance) for row in by_distance.rows)
    assert ranks != {(row.target, row.entry): row.rank for row in by_distance.rows}
