"""Which targets a table over several is of, and what is said where there is none."""

from __future__ import annotations

import pandas as pd
import pytest

from leaderboards.boards.board import board
from leaderboards.boards.rows import Board
from leaderboards.boards.target_blocks import largest_block


@pytest.fixture
def of(metric):
    """Board of a frame by fd."""

    def make(frame: pd.DataFrame, **arguments: object) -> Board:
        return board(frame, track="digits-v1", metric=metric(), **arguments)

    return make


def test_the_block_of_targets_is_the_largest_complete_one():
    assert largest_block({"v": {"a", "b", "c"}, "eps": {"a", "b"}}, "a") == ("eps", "v")
    assert largest_block({"v": {"a", "b", "c", "d", "e"}, "eps": {"a", "b"}}, "a") == ("eps", "v")
    assert largest_block({"v": {"a", "b", "c", "d", "e"}, "eps": {"a"}}, "a") == ("v",)
    assert largest_block({"v": {"a"}, "eps": {"a"}}, "a") == ("eps", "v")
    assert largest_block({"v": {"b", "c"}, "eps": {"b", "c"}, "x0": {"a"}}, "a") == ("x0",)
    assert largest_block({"v": {"a"}, "eps": {"b"}}, "a") == ("v",)
    assert largest_block({}, "a") == ()


def test_entries_with_one_target_do_not_take_the_table_over_several(table, of):
    """`run … -s cauchy -s student_t -s uniform_gamma -t v` after three entries with eps and v."""
    for target in ("eps", "v"):
        for entry in ("cosine", "laplace", "edm"):
            table.runs_of(entry, [1.0, 1.1, 1.2], target)
    for entry in ("cauchy", "student_t", "uniform_gamma"):
        table.runs_of(entry, [0.9, 1.0, 1.1])
    table.runs_of("of a stranger", [0.8, 0.9, 1.0])
    overall = of(table.tables).overall
    assert overall.targets == ("eps", "v")
    assert {row.entry for row in overall.rows} == {"cosine", "laplace", "edm"}
    (note,) = [note for note in overall.notes if "not averaged" in note]
    assert all(name in note for name in ("cauchy", "of a stranger", "student_t", "uniform_gamma"))


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ("cosine v, laplace v, cosine eps, edm eps", "no other entry shares two of them with cosine"),
        ("cosine v, laplace v, laplace eps, edm eps", "the baseline cosine has scores for v alone"),
        ("laplace v, edm eps", "no two entries share two of them"),
    ],
)
def test_where_there_is_no_table_over_targets_a_note_says_why(table, of, runs, why):
    for run in runs.split(", "):
        entry, target = run.split()
        table.runs_of(entry, [1.0, 1.1, 1.2], target)
    ranking = of(table.tables)
    assert ranking.overall is None
    assert ranking.notes[0] == f"no table over eps, v: {why}"
    assert not of(table.tables, target="v").notes


def test_an_entry_run_on_one_target_costs_the_others_nothing(paper, table, of):
    for seed in range(3):
        table.run("mine", seed, {("test", 1.0, 1.0): 1.0 + seed}, "v")
        table.run("cosine", seed, {("test", 1.0, 1.0): 1.0 + seed}, "flow")
    overall = of(table.tables, guidance=1.0).overall
    assert overall.targets == ("eps", "v", "x0")
    assert "mine" not in {row.entry for row in overall.rows}
    assert "mine" in " ".join(overall.notes)


def test_targets_that_share_no_seed_have_no_section_over_all(table, of):
    table.runs_of("cosine", [1.0, 1.1], "v").run("cosine", 7, 1.0, "eps")
    ranking = of(table.tables)
    assert len(ranking.cells) == 2
    assert ranking.overall is None
    assert ranking.notes == ("no table over eps, v: no entry has a seed that was run on all of eps, v",)


def test_one_target_has_no_section_over_all(table, of):
    assert of(table.runs_of("cosine", [1.0, 1.1]).tables).overall is None
