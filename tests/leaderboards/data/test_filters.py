"""Hiding entries changes no verdict; leaving seeds out does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from leaderboards.boards.board import board
from leaderboards.data.selection import Filters
from leaderboards.render.formats.json import board as to_json
from schedules.errors import UserError


@pytest.fixture
def of(metric):
    def make(frame, **filters):
        return board(frame, track="digits-v1", metric=metric(), filters=Filters(**filters))

    return make


@pytest.fixture
def five(table):
    rng = np.random.default_rng(3)
    luck = np.exp(0.3 * rng.standard_normal(5))
    for name, ratio in {"cosine": 1.0, "a": 0.5, "b": 0.97, "c": 0.9, "d": 1.3}.items():
        table.runs_of(name, ratio * luck * np.exp(0.03 * rng.standard_normal(5)))
    return table.tables


def test_hiding_entries_changes_no_verdict(five, of):
    """Protocol 9: filters choose what is shown, not what is tested."""
    part, whole = of(five, leave_out=("a", "d")), of(five)
    records = {row["entry"]: row for row in json.loads(to_json(whole))}
    assert json.loads(to_json(part)) == [records[name] for name in records if name not in ("a", "d")]
    assert "hidden as asked: a, d; ranks and p-values are those of all 5 entries" in part.notes
    assert [section.told_apart for section in part.sections] == [section.told_apart for section in whole.sections]


def test_a_note_of_many_that_are_hidden_says_how_many(five, of, table):
    for entry in "efghij":
        table.runs_of(entry, [1.0, 1.1, 1.2, 1.3, 1.4])
    (note, *_) = of(table.tables, keep=("a",)).notes
    assert note.startswith("hidden as asked: 9 entries; ranks")
    hidden, seeds, *_ = of(table.tables, keep=("a",), leave_out=("cosine",), leave_out_seeds=(1,)).notes
    assert hidden.startswith("hidden as asked: 9 entries, cosine (the baseline); ranks")
    assert seeds == "left out as asked: seed 1"


def test_keeping_some_keeps_the_baseline(five, of):
    part = of(five, keep=("b",))
    assert {row.entry for row in part.rows} == {"b", "cosine"}
    assert next(row for row in part.rows if row.entry == "b").ratio == pytest.approx(0.97, abs=0.1)


def test_the_baseline_goes_only_by_its_name(five, of):
    part = of(five, leave_out=("cosine",))
    assert "cosine" not in {row.entry for row in part.rows}
    assert all(np.isfinite(row.ratio) for row in part.rows)
    assert "cosine (the baseline)" in part.notes[0]


def test_seeds_can_be_left_out(five, of):
    ranking = of(five, leave_out_seeds=(0, 4))
    assert {tuple(row.values) for row in ranking.rows} == {(1, 2, 3)}
    assert "seed 0, seed 4" in ranking.notes[0]


def test_a_code_is_left_out_by_label_and_all_by_entry(table, of):
    table.runs_of("cosine", [1.0, 1.1])
    table.runs_of("mine", [0.5, 0.6], fingerprint="aaaaaa1111").runs_of("mine", [0.7, 0.8], fingerprint="bbbbbb2222")
    assert {row.entry for row in of(table.tables, leave_out=("mine#aaaaaa",)).rows} == {"cosine", "mine#bbbbbb"}
    assert {row.entry for row in of(table.tables, leave_out=("mine",)).rows} == {"cosine"}


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"leave_out": ("lapalce",)}, "unknown entry 'lapalce'"),
        ({"keep": ("x",)}, "unknown entry 'x'"),
        ({"leave_out_seeds": (9,)}, "unknown seed '9'"),
    ],
)
def test_an_unknown_name_is_a_mistake(five, of, filters, words):
    with pytest.raises(UserError, match=words):
        of(five, **filters)


def test_no_filter_no_note(five, of):
    assert of(five).notes == ()
