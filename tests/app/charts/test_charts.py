"""Figures: words that do not lie on each other, bars that stay inside their axis, equal ranks that look alike."""

from __future__ import annotations

from dataclasses import replace
from math import log10

import numpy as np
import pandas as pd
import pytest

from app.charts import agreement, intervals, training
from app.style import theme
from app.widgets import ranked_table
from leaderboards.boards.query import board_of
from leaderboards.comparisons.agreement.agreements import agreements
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
    figure = training.budget(marks, digits.metric, replace(section, rows=rows), styles)
    words = [note for note in figure.layout.annotations if "×" in note.text]
    assert len(words) == 4
    assert len({note.yshift for note in words}) == 4
    assert min(abs(a.yshift - b.yshift) for a in words for b in words if a is not b) >= 15
    assert {round(10**note.x, 4) for note in words} == {round(1 / speedup, 4) for speedup in alike.values()}
    assert training.levels([0.2, 0.9, 0.21]) == [0, 0, 1]
    assert all(styles[row.entry].colour in words[place].text for place, row in enumerate(_in_order(rows, styles)))
    (ends,) = [note for note in figure.layout.annotations if "ends here" in note.text]
    points = [log10(at) for at in (0.25, 0.5, 1.0, *(1 / speedup for speedup in alike.values()))]
    assert min(abs(ends.x - point) for point in points) > 0.1, "it covers no point"
    top = log10(figure.data[0].y[-1]) + max(note.yshift for note in words) / 200 * np.ptp(figure.layout.yaxis.range)
    assert top < figure.layout.yaxis.range[1], "nor do words reach the legend"


def _in_order(rows, styles):
    by_entry = {row.entry: row for row in rows}
    return [by_entry[name] for name in styles if name in by_entry and not by_entry[name].baseline]


def test_bars_stay_inside_a_logarithmic_axis(digits, styles, monkeypatch):
    """An interval of few seeds reaches below zero, for which such an axis has no place."""
    monkeypatch.setattr(theme, "ground", lambda: theme.LIGHT)
    (section,) = digits.cells
    rows = [replace(row, ci_low=-1.0, ci_high=50.0) for row in section.rows]
    boards = {scale: replace(digits, cells=(replace(section, rows=tuple(rows)),)) for scale in (1.0, 2.0)}
    figure = training.guidance(boards, "v", styles)
    low, high = (10**end for end in figure.layout.yaxis.range)
    bars = [trace for trace in figure.data if trace.error_y.array is not None]
    assert len(bars) == len(NAMES)
    for bar in bars:
        assert np.all(np.array(bar.y) - bar.error_y.arrayminus >= low * (1 - 1e-9))
        assert np.all(np.array(bar.y) + bar.error_y.array <= high * (1 + 1e-9))
    figure = intervals.seeds(digits, rows, styles)
    assert figure.layout.xaxis.type == "log"
    ends = [trace.x for trace in figure.data if trace.mode == "lines"]
    assert len(ends) == len(NAMES)
    assert all(log10(end) >= figure.layout.xaxis.range[0] - 1e-9 for pair in ends for end in pair)


def test_whoever_may_be_first_is_drawn_in_full():
    """And the rows at the top: on published digits-v1 those that may be first are among them."""
    section = board_of(published_table("digits-v1"), "digits-v1").overall
    lit = ranked_table.lit_rows(section)
    top = {row.entry for row in section.rows[: ranked_table.LIT]}
    assert lit == top | {row.entry for row in section.rows if row.rank_low == 1}
    assert ranked_table.LIT <= len(lit) < len(section.rows)


def test_names_beside_points_go_towards_the_middle():
    """At a side of a narrow figure a name that goes outwards is cut off."""
    comparison = next(each for each in agreements(published_table("mnist-v1"), "mnist-v1") if each.rows > 3)
    figure = agreement.against_the_paper(comparison)
    side = {trace.name: note.xanchor for trace, note in zip(figure.data, figure.layout.annotations, strict=True)}
    ordered = [trace.name for trace in sorted(figure.data, key=lambda trace: trace.x[0])]
    assert (side[ordered[0]], side[ordered[-1]]) == ("left", "right")


def test_a_target_that_none_of_the_entries_has_takes_no_column(monkeypatch):
    columns = []
    monkeypatch.setattr(ranked_table.grid, "show", lambda heads, rows, key, alt: columns.extend(heads))
    tables = published_table("digits-v1")
    ranked_table.by_target(board_of(tables, "digits-v1", keep=("cosine", "laplace@tuned")), 12)
    assert [head.short for head in columns if head.kind == "interval"] == ["eps", "v", "x0"]
    columns.clear()
    ranked_table.by_target(board_of(tables, "digits-v1", keep=("cosine", "flow_uniform")), 12)
    assert [head.short for head in columns if head.kind == "interval"] == ["eps", "flow", "v", "x0"]


def test_names_beside_crowded_points_cover_neither_points_nor_names():
    """On a phone: 260 × 300 pixels between the axes, 7 × 16 for a letter of 12 points."""
    comparison = next(each for each in agreements(published_table("mnist-v1"), "mnist-v1") if each.rows)
    across = np.array([0.0, 0.015, 0.03, 0.5, 0.55, 0.9, 1.0])
    up = np.array([0.5, 0.2, 0.24, 0.0, 1.0, 0.35, 0.38])
    crowded = replace(
        comparison,
        entries=("laplace", "cosine_scaled:s=2", "cauchy", "edm", "uniform", "cosine", "flow"),
        numbers=10**across,
        scores=10 ** (up[:, None] + [-0.004, 0.0, 0.004]),
    )
    chart = agreement.against_the_paper(crowded)
    pixels = np.array([260, 300])
    start, end = np.array([chart.layout.xaxis.range, chart.layout.yaxis.range]).T
    points = [(np.log10([trace.x[0], trace.y[0]]) - start) / (end - start) * pixels for trace in chart.data]
    boxes = []
    for name, point in zip(chart.layout.annotations, points, strict=True):
        size = np.array([7 * len(name.text), 16])
        anchor = point + np.array([name.xshift, 0])
        low = anchor - size * [name.xanchor == "right", name.yanchor == "top"]
        boxes.append((low, low + size))
    assert len(boxes) == 7
    for place, (low, high) in enumerate(boxes):
        for other in set(range(7)) - {place}:
            assert not np.all((low < points[other]) & (points[other] < high)), (place, other)
            assert not np.all((low < boxes[other][1]) & (boxes[other][0] < high)), (place, other)
