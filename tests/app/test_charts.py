"""Figures: words that do not lie on each other, bars that stay inside their axis, equal ranks that look alike."""

from __future__ import annotations

from dataclasses import replace
from math import log10

import numpy as np
import pandas as pd
import pytest

from app.charts import intervals, training
from app.style import theme
from app.widgets import ranked_table
from leaderboards.boards.query import board_of
from leaderboards.data.released import published_table

NAMES = ("cosine", "laplace", "laplace@tuned", "logit_normal@tuned", "cauchy@tuned")


@pytest.fixture(scope="module")
def digits():
    return board_of(published_table("digits-v1"), "digits-v1", target="v", keep=NAMES)


@pytest.fixture
def styles():
    return theme.styles(NAMES)


def test_speed_ups_that_are_alike_stand_on_levels(digits, styles):
    """Five entries that reach the baseline within a tenth of a decade: no two words at one height."""
    (section,) = digits.cells
    alike = {"laplace": 2.5, "laplace@tuned": 2.6, "logit_normal@tuned": 2.7, "cauchy@tuned": 2.55}
    rows = tuple(replace(row, speedup=alike.get(row.entry, row.speedup)) for row in section.rows)
    marks = pd.DataFrame(
        [
            (name, seed, mark, (1 + 0.01 * seed) / mark)
            for name in NAMES
            for seed in range(3)
            for mark in (0.25, 0.5, 1.0)
        ],
        columns=["label", "seed", "mark", "value"],
    )
    made = training.budget(marks, digits.metric, replace(section, rows=rows), styles)
    words = [note for note in made.layout.annotations if "×" in note.text]
    assert len(words) == 4
    assert len({note.yshift for note in words}) == 4
    assert min(abs(a.yshift - b.yshift) for a in words for b in words if a is not b) >= 15
    assert {round(10**note.x, 4) for note in words} == {round(1 / speedup, 4) for speedup in alike.values()}
    assert training.levels([0.2, 0.9, 0.21]) == [0, 0, 1]


def test_bars_stay_inside_a_logarithmic_axis(digits, styles, monkeypatch):
    """An interval of few seeds reaches below zero, for which such an axis has no place."""
    monkeypatch.setattr(theme, "ground", lambda: theme.LIGHT)
    (section,) = digits.cells
    rows = [replace(row, ci_low=-1.0, ci_high=50.0) for row in section.rows]
    boards = {scale: replace(digits, cells=(replace(section, rows=tuple(rows)),)) for scale in (1.0, 2.0)}
    made = training.guidance(boards, "v", styles)
    low, high = (10**end for end in made.layout.yaxis.range)
    bars = [trace for trace in made.data if trace.error_y.array is not None]
    assert len(bars) == len(NAMES)
    for bar in bars:
        assert np.all(np.array(bar.y) - bar.error_y.arrayminus >= low * (1 - 1e-9))
        assert np.all(np.array(bar.y) + bar.error_y.array <= high * (1 + 1e-9))
    made = intervals.seeds(digits, rows, styles)
    assert made.layout.xaxis.type == "log"
    ends = [trace.x for trace in made.data if trace.mode == "lines"]
    assert len(ends) == len(NAMES)
    assert all(log10(end) >= made.layout.xaxis.range[0] - 1e-9 for pair in ends for end in pair)


def test_whoever_may_be_first_is_drawn_in_full():
    """And the rows at the top: on published digits-v1 those that may be first are among them."""
    section = board_of(published_table("digits-v1"), "digits-v1").overall
    lit = ranked_table.lit_rows(section)
    top = {row.entry for row in section.rows[: ranked_table.LIT]}
    assert lit == top | {row.entry for row in section.rows if row.rank_low == 1}
    assert ranked_table.LIT <= len(lit) < len(section.rows)
