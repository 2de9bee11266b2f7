"""Panels: the same numbers that boards rank, as an array."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leaderboards.boards.board import BASELINE, board
from leaderboards.comparisons.score_array import panel
from leaderboards.data.selection import select


@pytest.fixture
def of(metric):
    def make(frame, **arguments):
        kind = metric(**{key: arguments.pop(key) for key in ("better", "compare") if key in arguments})
        chosen = select(frame, "digits-v1", [kind.name], baseline=BASELINE)
        return panel(chosen, track="digits-v1", metric=kind, **arguments)

    return make


def test_scores_are_those_of_the_board(paper, of, metric):
    scores, ranked = of(paper), board(paper, track="digits-v1", metric=metric())
    for section, part in zip(ranked.sections, scores.sections(), strict=True):
        assert part.target == section.target
        for row in section.rows:
            costs = part.pooled[part.labels.index(row.entry)]
            assert np.exp(costs) == pytest.approx(list(row.values.values()))


def test_costs_turn_with_the_metric(table, of):
    table.runs_of("cosine", [0.5, 0.6])
    assert of(table.tables, better="higher", compare="difference").costs[0, 0] == pytest.approx([-0.5, -0.6])


def test_one_diverged_seed_spoils_the_costs_of_its_cell_only(table, of):
    table.runs_of("cosine", [1.0, 2.0]).runs_of("wild", [1.0, None])
    table.runs_of("cosine", [1.0, 2.0], "eps").runs_of("wild", [1.0, 3.0], "eps")
    scores = of(table.tables)
    wild = scores.labels.index("wild")
    assert scores.diverged[:, wild].tolist() == [False, True]
    assert np.isnan(scores.costs[:, wild]).all(axis=1).tolist() == [False, True]
    assert np.isnan(scores.pooled[wild]).all()


def test_the_complete_block_gives_up_the_fewest_runs(table, of):
    """Three entries with seeds 0 to 4, one with 0 and 1: the four seeds × entries of the one go, not the fifteen."""
    for name in ("cosine", "a", "b"):
        table.runs_of(name, [1.0, 1.1, 1.2, 1.3, 1.4])
    table.runs_of("short", [1.0, 1.1])
    block = of(table.tables).complete()
    assert (block.labels, block.seeds) == (("a", "b", "cosine"), (0, 1, 2, 3, 4))
    assert "short" in block.notes[-1]
    assert not np.isnan(block.scores).any()


def test_the_complete_block_keeps_the_baseline(table, of):
    table.runs_of("cosine", [1.0, 1.1])
    for name in "abcdef":
        table.runs_of(name, [1.0, 1.1, 1.2, 1.3, 1.4])
    block = of(table.tables).complete()
    assert "cosine" in block.labels
    assert block.seeds == (0, 1)
    assert "seed 2, seed 3, seed 4" in block.notes[-1]


def test_earlier_marks_are_unguided(paper, of, one_table):
    half = of(paper, guidance=1.0, mark=0.5)
    rows = one_table(paper).query("mark == 0.5 and entry == 'edm' and target == 'v'")
    assert half.cell("v").scores[0, half.labels.index("edm")] == pytest.approx(rows.sort_values("seed")["value"].array)


def test_seconds_are_those_of_one_kind_of_machine(table, of):
    for seed in range(2):
        table.run("cosine", seed, 1.0 + seed)
        table.also("seconds/training", 10.0 + seed).also("seconds/evaluation", 2.0)
    assert of(table.tables).seconds.tolist() == [[12.5]]
    other = table.tables
    scores = of(replace(other, runs=other.runs.assign(hardware=["a", "b"])))
    assert np.isnan(scores.seconds).all()
    assert any("several machines (a, b)" in note for note in scores.notes)


def test_an_empty_table_gives_an_empty_panel(table, of):
    scores = of(table.tables)
    assert (scores.cells, scores.labels, scores.complete().labels) == ((), (), ())
