"""`snrbench leaderboard`: what it prints, and what it answers to a mistake."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from harness.results.outcomes import Ended
from leaderboards.boards import query
from leaderboards.commands import leaderboard
from leaderboards.commands.show import render_table
from schedules.errors import UserError


@pytest.fixture
def store(tmp_path, monkeypatch, paper):
    """A store whose runs are the synthetic ones of digits-v1."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(query, "runs_table", lambda store, track, **_: paper.where(paper.runs["track"] == track))
    return tmp_path


@pytest.fixture
def run():
    cli = typer.Typer()
    leaderboard.add_to(cli)

    def call(*arguments: object):
        return CliRunner().invoke(cli, ["leaderboard", *(str(argument) for argument in arguments)])

    return call


def mistake(result) -> str:
    assert isinstance(result.exception, UserError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_json(run, store):
    result = run("digits-v1", "--store", store, "--format", "json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert len(rows) == 16
    assert rows[0]["entry"] == "laplace"


def test_target_and_guidance(run, store):
    rows = json.loads(run("digits-v1", "-t", "v", "--guidance", "1.5", "--format", "json", "--store", store).stdout)
    assert {(row["target"], row["guidance"]) for row in rows} == {("v", 1.5)}


@pytest.mark.parametrize(
    ("form", "words"), [("table", "over eps, v, x0"), ("md", "| rank |"), ("csv", "rank,rank_low,rank_high,entry,")]
)
def test_other_formats(run, store, form, words):
    result = run("digits-v1", "--format", form, "--store", store)
    assert result.exit_code == 0
    assert words in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digit-v1"], ["unknown track 'digit-v1'", "digits-v1"]),
        (["digits-v1", "-t", "esp"], ["unknown target 'esp'", "eps"]),
        (["digits-v1", "--metric", "fid"], ["unknown metric 'fid'", "fd"]),
        (["digits-v1", "--guidance", "1.7"], ["unknown guidance '1.7'", "1.5"]),
        (["digits-v1", "--guidance", "bset"], ["unknown guidance 'bset'", "best"]),
        (["digits-v1", "--guidance", "nan"], ["unknown guidance 'nan'"]),
        (["digits-v1", "--format", "jsn"], ["unknown format 'jsn'", "json"]),
        (["digits-v1", "--metric", "excess"], ["no run of digits-v1 recorded 'excess'", "fd"]),
    ],
)
def test_a_mistake_is_one_line_with_the_nearest_names(run, store, arguments, words):
    message = mistake(run(*arguments, "--store", store))
    for word in words:
        assert word in message


def test_a_missing_store_is_not_made(run, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    missing = tmp_path / "nowhere"
    assert "snrbench run digits-v1" in mistake(run("digits-v1", "--store", missing))
    assert not missing.exists()


@pytest.mark.parametrize(("form", "printed"), [("json", "[]\n"), ("table", ""), ("md", "")])
def test_a_store_without_runs_of_the_track_says_what_to_run(run, store, form, printed):
    result = run("gmm-v1", "--store", store, "--format", form)
    assert (result.exit_code, result.stdout) == (0, printed)
    assert result.stderr.startswith("no runs of gmm-v1")
    assert "snrbench run gmm-v1" in result.stderr


@pytest.mark.parametrize(("track", "there"), [("digits-v1@0.2", "digits-v1"), ("digits-v1", "digits-v1@0.2, gmm-v1")])
def test_an_empty_board_says_what_is_there(run, store, monkeypatch, paper, track, there):
    """`leaderboard flowers-v1` where only flowers-v1@0.2 has runs."""
    runs = [Ended(name, "a run", "key", "finished", "") for name in there.split(", ")]
    failed = Ended("mnist-v1", "a run", "key", "failed", "no room")
    monkeypatch.setattr(query, "ended", lambda store: [*runs, failed, Ended(f"{track}/tuning", "", "", "finished", "")])
    monkeypatch.setattr(query, "runs_table", lambda store, track, **_: paper.where(paper.runs["track"] == ""))
    assert f"no runs of {track} in {store}, which has runs of {there}; first: " in run(track, "--store", store).stderr


@pytest.mark.parametrize("form", ["table", "json", "md", "html", "csv", "latex"])
def test_a_board_whose_every_entry_is_hidden_says_so(run, store, form):
    hidden = [word for entry in ("cosine", "laplace", "edm", "cosine_scaled:s=2") for word in ("--without", entry)]
    result = run("digits-v1", "--store", store, "--format", form, *hidden)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == "the filters leave no run\n"


def test_an_empty_target_says_which_have_runs(run, store):
    assert (
        run("digits-v1", "-t", "flow", "--store", store).stderr
        == "no runs of digits-v1 -t flow; its runs are of eps, v, x0\n"
    )


def test_a_name_of_ones_own_needs_its_plugin(run, store):
    message = mistake(run("flowers-v1", "--store", store))
    assert message.startswith("unknown track 'flowers-v1'; did you mean fashion-v1")
    assert "(one of your own comes with --track-plugin FILE.py, or the --store that" in message


def test_render_table_prints_to_the_console_it_is_given(store):
    console = Console(file=io.StringIO(), width=120)
    assert render_table(store, "digits-v1", console)
    assert "laplace" in console.file.getvalue()
    assert not render_table(store, "gmm-v1", console)


@pytest.mark.parametrize(("options", "whole"), [((), False), (("--all",), True), (("--format", "md"), True)])
def test_on_a_terminal_long_tables_are_cut_short_and_nowhere_else(options, whole, monkeypatch, capsys):
    from harness.cli import main

    def ranked(terminal: bool) -> tuple[list[str], str]:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        assert main.exit_code(["leaderboard", "mnist-v1", "--published", "-t", "v", *options]) == 0
        lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
        return [" ".join(line.split("[")[0].split()) for line in lines if re.match(r"[ |]*\d.*\[", line)], lines[-1]

    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(leaderboard, "SHOWN", 1)
    (every, _), (excerpt, last) = ranked(terminal=False), ranked(terminal=True)
    assert len(every) > 5
    assert (excerpt == every) == whole
    if not whole:
        assert last == f"{len(every) - len(excerpt)} rows of longer tables left out on a terminal; --all shows all"
        assert excerpt == [row for at, row in enumerate(every) if at == 0 or row.split()[1] == "cosine"]


@pytest.mark.parametrize(("track", "standing"), [("mnist-v1", "untrained: cosine's fd"), ("gmm-v1", "diagnostic: ")])
def test_a_board_that_stands_among_no_rankings_says_so(snrbench, track, standing):
    for part in (("--top", "2"), ("--view", "wins")):
        code, out, _ = snrbench("leaderboard", track, "--published", *part)
        assert code == 0
        assert f"{track} stands among no rankings, {standing}" in " ".join(out.split())


@pytest.mark.parametrize(("times", "untrained"), [(1, True), (0.5, False)])
def test_a_shortened_board_says_so_and_if_its_baseline_is_untrained(run, store, monkeypatch, paper, times, untrained):
    """cosine for v is about 2 × 0.6 at its best guidance of 1.5: above six floors of 0.183; half of it is not."""
    track, scores = "digits-v1@0.2", paper.scores.assign(value=paper.scores["value"] * times)
    tables = replace(paper, runs=paper.runs.assign(track=track), scores=scores)
    monkeypatch.setattr(query, "runs_table", lambda store, track, **_: tables)
    output = " ".join(run(track, "--store", store).stdout.split())
    assert f"{track} stands among no rankings, shortened: 20 % of the steps of digits-v1" in output
    assert (
        re.search(r"untrained, as these runs show: cosine's fd for v is [67]\.\d floors", output) is not None
    ) == untrained


def test_of_a_shortened_track_nothing_is_published(run, store):
    line = mistake(run("digits-v1@0.2", "--store", store, "--published"))
    assert line == (
        "digits-v1@0.2 has no published results, as no shortened track has; rank its runs alone, or run digits-v1"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("gmm-v1@0.2",), "gmm-v1@0.2 is a shortened track, of which nothing is published here; --out DIR writes it"),
        (
            ("gmm-v1", "--readme", "nowhere.md"),
            "--readme 'nowhere.md': no such file; expected a page with markers for gmm-v1's table",
        ),
    ],
)
def test_publish_refuses_before_it_reads_a_store(snrbench, tmp_path, words, line):
    assert snrbench("publish", *words, "--store", tmp_path / "none") == (2, "", f"snrbench: {line}\n")
