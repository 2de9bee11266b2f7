"""`--top` and `--mine`: rows are left out, and what the others say stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leaderboards.boards import excerpt
from leaderboards.boards.board import board


@pytest.fixture
def whole(table, metric):
    """Twelve entries, 1 to 12 per cent better than the baseline in that order; two of them are the store's own."""
    rng = np.random.default_rng(0)
    for entry in range(12):
        source = "" if entry in (4, 9) else "published"
        scores = np.exp(-0.1 * entry + 0.01 * rng.standard_normal(4))
        table.runs_of(f"e{entry:02}", list(scores), source=source)
    table.runs_of("cosine", [2.0, 2.1, 1.9, 2.0], source="published")
    return board(table.tables, track="digits-v1", metric=metric())


def test_top_keeps_the_first_and_the_baseline(whole):
    part = excerpt.top(whole, 3)
    assert [row.entry for row in part.cells[0].rows] == ["e11", "e10", "e09", "cosine"]
    assert part.cells[0].rows[:3] == whole.cells[0].rows[:3]  # ranks and p are those of the whole board
    assert "9 rows are left out" in part.notes[-1]
    assert excerpt.top(whole, 13) == whole


def test_mine_keeps_own_rows_with_their_neighbours(whole):
    part = excerpt.mine(whole)
    assert [row.entry for row in part.cells[0].rows] == ["e11", "e10", "e09", "e08", "e05", "e04", "e03", "cosine"]
    own = [row.entry for row in part.cells[0].rows if excerpt.is_own(row)]
    assert own == ["e09", "e04"]


def test_mine_leaves_out_targets_that_one_has_not_run(whole):
    (cell,) = whole.cells
    published = replace(cell, target="flow", rows=tuple(replace(row, source="published") for row in cell.rows))
    part = excerpt.mine(replace(whole, cells=(cell, published)))
    assert [section.target for section in part.sections] == [cell.target]
    assert any("left out" in note for note in part.notes)


def test_a_board_of_one_s_own_stays_whole(whole):
    rows = tuple(replace(row, source="") for row in whole.cells[0].rows)
    own = replace(whole, cells=(replace(whole.cells[0], rows=rows),))
    assert excerpt.mine(own) == own
