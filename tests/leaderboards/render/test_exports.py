"""Every format of a board: what it says, and that a hostile name stays a name."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from math import nan

import pytest
from rich.console import Console

import leaderboards
from leaderboards.boards.board import board
from leaderboards.render.formats.csv import board as to_csv
from leaderboards.render.formats.json import board as to_json
from leaderboards.render.formats.md import board as to_markdown
from leaderboards.render.terminal import print_board

CONTRACT = {
    *("rank", "entry", "schedule", "params", "weighting", "apply", "target", "metric", "guidance"),
    *("mean", "ci_low", "ci_high", "seeds", "ratio", "ratio_low", "ratio_high", "speedup", "tuned", "floor"),
}

HOSTILE = [
    "a|b",
    "new\nline",
    '=cmd|" /C calc"!A0',
    "+1",
    "-1",
    "@sum",
    "[red]red[/red]",
    "[link=http://x]y[/link]",
    "<script>alert(1)</script>",
    "`code`",
    "``",
    "\x1b[31mred",
    "../../etc",
    "a,b;'\"",
]


def terminal(ranked_board, width=140):
    console = Console(file=io.StringIO(), width=width, force_terminal=False, highlight=False)
    print_board(ranked_board, console)
    return console.file.getvalue()


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_has_the_agreed_fields(ranked):
    rows = strict(to_json(ranked))
    assert len(rows) == 4 * 4
    assert all(set(row) >= CONTRACT for row in rows)
    assert {row["target"] for row in rows} == {"eps", "v", "x0", "all"}
    assert rows[0]["guidance"] == "best"
    assert rows[0]["params"] == {}
    assert set(rows[0]["values"]) == {"0", "1", "2"}


def test_json_has_null_for_what_is_not_finite(table, metric):
    table.runs_of("cosine", [1.0]).runs_of("wild", [None])
    rows = {row["entry"]: row for row in strict(to_json(board(table.tables, track="digits-v1", metric=metric())))}
    assert rows["wild"]["mean"] is None
    assert rows["wild"]["values"] == {"0": None}
    assert (rows["cosine"]["rank"], rows["cosine"]["ci_low"], rows["cosine"]["ratio"]) == (None, None, 1.0)


def test_an_empty_board_is_an_empty_list(table, metric):
    empty = board(table.tables, track="digits-v1", metric=metric())
    assert strict(to_json(empty)) == []
    assert len(to_csv(empty).splitlines()) == 1
    assert terminal(empty) == ""


def test_csv_and_json_say_the_same(ranked):
    rows = list(csv.DictReader(io.StringIO(to_csv(ranked))))
    for cells, row in zip(rows, strict(to_json(ranked)), strict=True):
        assert cells["entry"] == row["entry"]
        assert float(cells["mean"]) == row["mean"]
        assert cells["speedup"] == ("" if row["speedup"] is None else str(row["speedup"]))


def test_csv_never_starts_a_formula(hostile):
    rows = list(csv.reader(io.StringIO(to_csv(hostile))))
    assert len(rows) == 1 + len(HOSTILE) + 1
    fields = rows[0]
    text = [row[fields.index(name)] for row in rows[1:] for name in ("entry", "schedule")]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in text)
    assert {len(row) for row in rows} == {len(fields)}


def test_markdown_keeps_its_columns(hostile):
    """Each line of the table has the bars of its header, whatever the names contain."""
    lines = [line for line in to_markdown(hostile).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(HOSTILE) + 1
    assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1
    assert "`[red]red[/red]`" in "".join(lines)
    assert "`` `code` ``" in "".join(lines)
    assert "``` `` ```" in "".join(lines)


def test_terminal_shows_hostile_names_as_text(hostile):
    text = terminal(hostile)
    for name in ("a|b", r"new\nline", "[red]red[/red]", "[link=http://x]y[/link]", r"\x1b[31mred", "../../etc"):
        assert name in text
    assert "\x1b" not in text


def test_terminal_says_what_the_numbers_are(ranked):
    text = " ".join(terminal(ranked).split())
    for words in (
        "3 seeds with 95 % interval",
        "features digits-classifier-32",
        "floor 0.25",
        "paired by seed",
        "Holm",
        "by validation",
        "pairs told apart",
        "target v",
        "over eps, v, x0",
        "−50 % [−52, −48]",
    ):
        assert words in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_terminal_never_drops_an_entry_or_its_ratio(ranked, width):
    text = terminal(ranked, width)
    assert "vs cosine" in text
    assert "laplace" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_ranks_are_written_as_intervals(table, metric):
    table.runs_of("cosine", [2.0, 2.1, 2.2]).runs_of("x", [1.0, 1.1, 1.2]).runs_of("y", [1.1, 1.0, 1.2])
    text = terminal(board(table.tables, track="digits-v1", metric=metric()))
    assert text.count(" 1–2 ") == 2
    assert "2 of 3" in text


def test_special_rows_are_named(table, metric):
    curve = {("test", nan, mark): 1 / mark for mark in (0.25, 0.5, 1.0)}
    for seed in range(2):
        table.run("cosine", seed, curve)
        table.run("fast", seed, {key: value / 10 for key, value in curve.items()})
        table.run("slow", seed, {key: 2 * value for key, value in curve.items()})
        table.run("wild", seed, None if seed else curve)
    ranked_board = board(table.tables, track="digits-v1", metric=metric(), floor=0.1)
    for text in (terminal(ranked_board), to_markdown(ranked_board)):
        for words in ("≥4×", "not reached", "diverged (1 of 2)", "baseline"):
            assert words in text
    assert "0.10 [0.10, 0.10] *" in terminal(ranked_board)


@pytest.mark.parametrize("of_x", [[0.5, 0.5, 1.2], [1.1, 1.1, 1.2]])
def test_a_better_mean_beside_a_score_that_is_not_reached_is_explained(table, metric, of_x):
    """x is at 0.5 in two seeds and never below 1 in the third; or worse in all, which needs no word."""
    for seed, final in enumerate(of_x):
        for entry, score in (("cosine", 1.0), ("x", final)):
            table.run(entry, seed, {("test", 1.0, mark): score / mark for mark in (0.25, 0.5, 1.0)})
    ranked_board = board(table.tables, track="digits-v1", metric=metric(), guidance=1.0)
    by_entry = {row.entry: row for row in ranked_board.rows}
    better = by_entry["x"].ratio < 1
    for text in (terminal(ranked_board, 400), to_markdown(ranked_board)):
        assert ("reached by 2 of 3 seeds" if better else "not reached") in text
        assert ("A better fd can stand beside “not reached”: fd is a mean over seeds, while" in text) == better


def test_what_no_seed_reaches_unguided_on_one_target_has_no_better_unguided_score():
    """So a better score beside “not reached” is never a contradiction: guidance, seeds or targets lie between."""
    results = leaderboards.published("fashion-latent-v1")
    missed = {}
    for guidance in (1.0, "best"):
        rows = leaderboards.board(results, "fd", target="v", guidance=guidance).set_index("entry")
        missed[guidance] = rows[rows["speedup_note"] == "not reached"]
    assert (missed[1.0]["ratio"] > 1).all()
    assert (missed["best"]["ratio"] < 1).any()


def test_a_metric_without_speed_ups_has_no_column_for_them(table, metric):
    table.runs_of("cosine", [1.0, 1.1, 1.2])
    table.runs_of("laplace", [0.8, 0.9, 1.1])
    ranked_board = board(table.tables, track="digits-v1", metric=metric())
    without = replace(ranked_board, cells=tuple(replace(cell, rows=_slow(cell.rows)) for cell in ranked_board.cells))
    assert "speed-up" in terminal(ranked_board)
    assert "speed-up" not in terminal(without)
    assert "speed-up" not in to_markdown(without)


def _slow(rows):
    return tuple(replace(row, speedup=None, speedup_note="") for row in rows)


def test_no_line_in_the_terminal_ends_with_a_blank(ranked):
    assert not [line for line in terminal(ranked, 100).splitlines() if line != line.rstrip()]
