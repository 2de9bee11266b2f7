"""Views as text: every one in every format, from tables of runs, and through the command."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from math import exp

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from leaderboards.boards.query import board_of
from leaderboards.commands import leaderboard
from leaderboards.commands import views as command
from leaderboards.commands.views import print_report, render_view
from leaderboards.comparisons import views
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views.pareto import pareto_of
from leaderboards.comparisons.views.transfer import AXES, transfer_of, transfer_over_tracks
from leaderboards.comparisons.views.variance import variances_of
from leaderboards.data.tables import Tables
from leaderboards.releases import sources
from leaderboards.render import formats
from leaderboards.render.report import Report, sheet
from schedules.errors import UserError

SEEDS = 4
TRUTH = {"cosine": 0.0, "laplace": -0.6, "laplace [weight]": -0.2, "edm": 0.3, "laplace@tuned": -0.8}
TUNED = {"tuned": True, "tuned_from": "laplace", "trials": 20.0, "tuning_seconds": 600.0}


@pytest.fixture(scope="module")
def full(tables):
    """Everything that any view needs: two targets, guidance, marks, metrics, own grid, second samplings, seconds."""
    table = tables()
    rng = np.random.default_rng(0)
    for target in ("eps", "v"):
        for seed in range(SEEDS):
            luck = 0.1 * rng.normal()
            for entry, effect in TRUTH.items():
                own = effect + luck + 0.02 * rng.normal()
                scores = {(split, g, 1.0): exp(own + 0.1 * g) for split in ("val", "test") for g in (1.0, 1.5)}
                scores |= {("test", 1.0, mark): exp(own + 0.1) / mark for mark in (0.25, 0.5)}
                facts = TUNED if "@tuned" in entry else {}
                table.run(entry, seed, scores, target, apply="weight" if "[weight]" in entry else "sample", **facts)
                for metric, guidance, value in (
                    ("fd_resampled", 1.0, exp(own + 0.1 + 0.01 * rng.normal())),
                    ("fd_own_grid", np.nan, exp(own - 0.7 * (entry == "edm"))),
                    ("recall", 1.0, 0.7 - 0.1 * effect + 0.001 * rng.normal()),
                    ("nll", np.nan, 2 + own),
                ):
                    table.also(metric, value, "test", guidance)
                table.also("seconds/training", 14.0 + seed)
    return table.tables


@pytest.fixture(scope="module")
def reports(full):
    """Every view of the full table."""
    return {name: views.view(name)(full, "digits-v1", Choice()) for name in views.names()}


def text_of(report, width=120):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(report, console=console)
    return console.file.getvalue()


WORDS = {
    "resolution": ["any pair", "noise [95 %]"],
    "transfer": ["over target", "over guidance", "over mark", "over metric", "over grid", "own grid"],
    "profiles": ["share of 8 (cell, seed) pairs", "100 %"],
    "wins": ["100 +", "0 −"],
    "ranks": ["critical difference", "groups"],
    "pareto": ["front", "behind"],
    "apply": ["where samples go", "both help"],
    "tuned": ["gain", "cosine is not tuned here"],
    "variance": ["share of sampling", "log ratio of fd to the baseline"],
    "predicts": ["against published tables", "arXiv:2407.03297", "pairs in the other order"],
}


@pytest.mark.parametrize("name", views.names())
def test_every_view_in_every_format(reports, name, capsys):
    text = text_of(reports[name])
    for words in WORDS[name]:
        assert words in text
    printed = {}
    for form in ("json", "csv", "md"):
        assert print_report(reports[name], form)
        printed[form] = capsys.readouterr().out
    rows = json.loads(printed["json"], parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    lines = list(csv.DictReader(io.StringIO(printed["csv"])))
    assert len(rows) == len(lines) > 0
    assert all(set(row) == set(lines[0]) for row in rows)
    assert printed["md"].startswith("### digits-v1")
    bars = {line.replace(r"\|", "").count("|") for line in printed["md"].split("\n\n")[1].splitlines()}
    assert len(bars) == 1


@pytest.mark.parametrize("name", sorted(set(views.names()) - {"pareto"}))
def test_a_view_of_nothing_says_why(table, name, capsys):
    assert not render_view(name, table.runs_of("cosine", [1.0]).tables, "digits-v1", Choice(), "json")
    out, err = capsys.readouterr()
    assert json.loads(out) == []
    assert err.strip()


@pytest.mark.parametrize("name", views.names())
def test_a_view_of_an_empty_table(table, name, capsys):
    assert not render_view(name, table.tables, "digits-v1", Choice(), "json")
    assert json.loads(capsys.readouterr().out) == []


def test_names_stay_names(table):
    for name in ("cosine", "[red]x[/red]", "a|b"):
        table.runs_of(name, [1.0 + len(name), 1.1 + len(name), 1.3 + len(name)])
    report = views.view("wins")(table.tables, "digits-v1", Choice())
    assert "[red]x[/red]" in text_of(report)


ONE_FILE = {
    views: (
        "largest",
        """
from leaderboards.comparisons.choice import panel_of
from leaderboards.render import formats
from leaderboards.render.report import Report, sheet

def view(tables, track, choice):
    entries = panel_of(tables, track, choice).labels
    rows = [[entry, str(len(entry))] for entry in entries]
    return Report((sheet("lengths", ["entry", "letters"], rows),), tuple({"letters": len(e)} for e in entries))
""",
    ),
    formats: (
        "count",
        """
def board(board, per_seed=False):
    return f"{len(board.rows)} rows"

def report(report):
    return f"{len(report.records)} records"
""",
    ),
}


@pytest.fixture
def one_file_each(tmp_path, monkeypatch):
    """A view and a format, each of one file beside those that are there; no other file is touched."""
    for package, (name, text) in ONE_FILE.items():
        (tmp_path / package.__name__).mkdir()
        (tmp_path / package.__name__ / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / package.__name__)])
    yield
    for package, (name, _) in ONE_FILE.items():
        sys.modules.pop(f"{package.__name__}.{name}", None)


def test_a_view_and_a_format_are_one_file_each(one_file_each, full, capsys):
    assert render_view("largest", full, "digits-v1", Choice(), "csv")
    assert set(capsys.readouterr().out.split()) == {"letters", *(str(len(entry)) for entry in TRUTH)}
    assert render_view("largest", full, "digits-v1", Choice(), "count")
    assert capsys.readouterr().out.strip() == f"{len(TRUTH)} records"
    ranked = board_of(full, "digits-v1", metric="fd", target="v")
    assert formats.of_board("count", ranked) == f"{len(TRUTH)} rows"
    assert {"count", "table", "json"} < set(formats.names())
    with pytest.raises(UserError, match=r"unknown view 'larges'.*largest"):
        views.view("larges")


def test_an_unknown_view_or_format_is_named(full):
    with pytest.raises(UserError, match="unknown view 'resolutoin'"):
        render_view("resolutoin", full, "digits-v1", Choice())
    with pytest.raises(UserError, match="unknown format of a view 'html'"):
        command.check("wins", "html")


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_has_its_conditions(full, axis):
    expected = {
        "target": ("eps", "v"),
        "guidance": ("g = 1", "g = 1.5", "best g"),
        "mark": ("25% of budget", "50% of budget", "100% of budget"),
        "metric": ("fd", "recall", "fd_own_grid", "fd_resampled", "nll"),
        "grid": ("the track's grid", "own grid"),
    }
    transfer = transfer_of(full, "digits-v1", axis)
    assert transfer.conditions == expected[axis]
    assert (transfer.seeds, len(transfer.labels)) == (SEEDS, 5)


def test_the_own_grid_turns_an_order_round(full):
    """edm, last on the track's grid, gains 0.7 on its own: it passes cosine and weighted laplace, 2 pairs of 10."""
    transfer = transfer_of(full, "digits-v1", "grid")
    assert transfer.of_means[0, 1] == pytest.approx(1 - 2 * 2 / 10)


def test_tracks_are_compared_by_their_own_metrics(full, table):
    unguided = full.scores.query("metric == 'fd' and guidance == 1").assign(metric="excess")
    other = Tables(full.runs.assign(track="gmm-v1"), unguided)
    transfer = transfer_over_tracks({"digits-v1": full, "gmm-v1": other})
    assert transfer.conditions == ("digits-v1", "gmm-v1")
    assert transfer.of_means[0, 1] == pytest.approx(1)


def test_an_unknown_axis_is_named(full):
    with pytest.raises(UserError, match="unknown axis 'targte'"):
        transfer_of(full, "digits-v1", "targte")


def test_pareto_leaves_seconds_out_where_machines_meet(full):
    assert pareto_of(full, "digits-v1").metrics == ("fd", "recall", "nll", "seconds")
    without = replace(full, scores=full.scores.query("metric != 'recall'"))
    assert pareto_of(without, "digits-v1").metrics == ("fd", "nll", "seconds")
    mixed = replace(full, runs=full.runs.assign(hardware=np.where(full.runs["seed"] == 0, "a", "b")))
    comparison = pareto_of(mixed, "digits-v1")
    assert comparison.metrics == ("fd", "recall", "nll")
    assert any("several machines (a, b)" in note for note in comparison.notes)
    with pytest.raises(UserError, match="unknown metric 'fid'"):
        pareto_of(full, "digits-v1", metrics=("fid",))


def test_filters_and_targets_reach_the_views(full):
    variances = variances_of(full, "digits-v1", Choice(leave_out=("edm",), leave_out_seeds=(0,), target="v"))
    assert {(row.target, row.split.seeds) for row in variances.rows} == {("v", SEEDS - 1)}
    assert "edm" not in {row.entry for row in variances.rows}
    report = views.view("wins")(full, "digits-v1", Choice(keep=("laplace",), target="v"))
    assert {record["entry"] for record in report.records} == {"cosine", "laplace"}


def test_the_command_prints_a_view(full, tmp_path, monkeypatch):
    cli = typer.Typer()
    leaderboard.add_to(cli)
    monkeypatch.setattr(sources, "table_of", lambda *arguments: (full, ["from a test"]))
    arguments = ["leaderboard", "digits-v1", "--store", str(tmp_path), "--view"]
    result = CliRunner().invoke(cli, [*arguments, "wins", "--without", "edm", "-t", "v"])
    assert result.exit_code == 0, result.exception
    assert "row wins against the column" in result.stdout
    assert "note: from a test" in result.stdout
    mistake = CliRunner().invoke(cli, [*arguments, "winz"]).exception
    assert isinstance(mistake, UserError)
    assert "unknown view 'winz'" in str(mistake)


def test_a_wide_table_goes_on_below_and_loses_nothing():
    headers = ["axis", *(f"condition {place}" for place in range(9)), "best"]
    rows = [
        [f"the row {row}", *(f"0.{row}{place} [0.1{row}, 0.2{place}]" for place in range(9)), "x"] for row in (1, 2)
    ]
    printed = text_of(Report((sheet("a matrix", headers, rows, names=[0, 10]),), ({},)), width=80)
    assert max(len(line) for line in printed.splitlines()) <= 80
    assert all(cell in printed for row in rows for cell in row)
    parts = printed.count("axis")
    assert parts > 1
    assert printed.count("the row 1") == parts


def test_a_win_matrix_of_many_entries_shows_the_best_and_gives_all(table):
    rng = np.random.default_rng(1)
    for place in range(20):
        entry = "cosine" if place == 15 else f"entry{place:02}"
        table.runs_of(entry, np.exp(0.1 * place + 0.01 * rng.standard_normal(4)))
    report = views.view("wins")(table.tables, "digits-v1", Choice())
    assert report.sheets[0].headers == ("", "entry", *(str(place) for place in (*range(1, 11), 16)))
    assert report.sheets[0].cells[15][:2] == ("16", "cosine")
    assert len(report.sheets[0].cells) == 20
    assert len(report.records) == 20 * 19
    assert any("best 10 and cosine" in note for note in report.notes)
