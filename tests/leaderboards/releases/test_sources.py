"""`snrbench leaderboard`, `publish`, `bundle` and `verify` as a user calls them: exit codes, lines, files."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys

import pytest

from harness.metrics.keys import parse
from harness.runs.run import RunResult
from harness.specs import Entry, RunSpec
from leaderboards.boards import excerpt
from leaderboards.commands import leaderboard
from leaderboards.data import released
from leaderboards.releases.bundles import contents, rerun
from leaderboards.releases.publishing import plots

TRACK = "digits-v1"


@pytest.fixture
def snrbench(capsys, monkeypatch):
    """Runs a command as the console script does: exit code, standard output, standard error."""
    from harness.cli import main

    monkeypatch.setenv("SNRBENCH_DEBUG", "")

    def call(*arguments):
        code = main.exit_code([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(released, "FOLDER", tmp_path / "published")
    monkeypatch.setattr(plots, "draw", lambda board, folder: None)
    return tmp_path / "published"


@pytest.fixture
def with_keys(real_store):
    """The store with the harness's own run keys and fingerprints, so that its runs can be repeated."""
    with sqlite3.connect(real_store / "mlflow.db") as db:
        tags: dict[str, dict[str, str]] = {}
        for run_id, key, value in db.execute("SELECT run_uuid, key, value FROM tags"):
            tags.setdefault(run_id, {})[key.removeprefix("snrbench.")] = value
        entries = {of["entry"]: Entry.of(of["entry"]) for of in tags.values()}
        for run_id, of in tags.items():
            entry = entries[of["entry"]]
            key = RunSpec(track=TRACK, target=of["target"], entry=entry, seed=int(of["seed"])).key
            for name, value in (("run_key", key), ("fingerprint", entry.fingerprint)):
                db.execute(
                    "UPDATE tags SET value = ? WHERE key = ? AND run_uuid = ?", [value, f"snrbench.{name}", run_id]
                )
    return real_store


def entries_of(out):
    return [row["entry"] for row in json.loads(out) if row["target"] == "v"]


def test_without_own_runs_mine_says_how_to_make_one_and_shows_what_is_published(snrbench, real_store):
    board = ["leaderboard", "mnist-v1", "-t", "x0", "--with-published", "--store", real_store, "--format", "json"]
    _, every, _ = snrbench(*board)
    code, out, err = snrbench(*board, "--mine")
    assert (code, out) == (0, every)
    assert err.startswith("no runs of mnist-v1 -t x0 in ")
    assert "first: snrbench run mnist-v1 -s cosine -s laplace -t x0" in err
    assert err.count("\n") == 1


def test_filters(snrbench, real_store):
    board = ["leaderboard", TRACK, "--store", real_store, "--format", "json"]
    assert set(entries_of(snrbench(*board, "--entry", "cosine_*", "--entry", "e?m")[1])) == {
        *("cosine", "cosine_scaled:s=2", "edm"),
    }
    assert set(entries_of(snrbench(*board, "--without", "edm")[1])) == {"cosine", "laplace", "cosine_scaled:s=2"}
    rows = json.loads(snrbench(*board, "--without-seed", "0", "--without-seed", "1")[1])
    assert {tuple(row["values"]) for row in rows} == {("2",)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--entry", "laplac"], ["unknown entry 'laplac'", "laplace"]),
        (["--without", "nothing"], ["unknown entry 'nothing'"]),
        (["--without-seed", "7"], ["unknown seed '7'"]),
        (["--without-seed", "x"], ["without-seed", "'x'"]),
        (["--format", "pdf"], ["unknown format 'pdf'", "html"]),
        (["--published"], ["no published results of 'digits-v1'"]),
        (["--with-published"], ["no published results of 'digits-v1'"]),
        (["--published", "--with-published"], ["--published", "--with-published"]),
        (["--published", "--rebuild"], ["--published", "--rebuild"]),
        (["--published", "--mine"], ["--mine", "--published", "use --with-published"]),
        (["--top", "0"], ["--top is 0", "at least 1"]),
        (["--top", "2", "--view", "wins"], ["--top", "of the ranking", "without --view"]),
        (["--mine", "--view", "wins"], ["--mine", "of the ranking", "without --view"]),
        (["--all", "--view", "wins"], ["--all", "of the ranking", "without --view"]),
        (["--all", "--top", "2"], ["--all shows every row", "without --top"]),
        (["--all", "--mine"], ["--all shows every row", "--mine"]),
        (["--with-bundle", "no-such-file"], ["bundle no-such-file cannot be read"]),
    ],
)
def test_a_wrong_value_is_one_line_and_exit_code_2(snrbench, real_store, home, arguments, words):
    code, out, err = snrbench("leaderboard", TRACK, *arguments, "--store", real_store)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert all(word in err for word in words), err


def test_publish_then_read_it_without_a_store(snrbench, real_store, home, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n<!-- snrbench:published {TRACK} -->\nold\n<!-- /snrbench:published -->\nafter\n")
    code, out, err = snrbench("publish", TRACK, "--store", real_store, "--readme", page)
    assert code == 0, err
    assert "first release: 4 entries" in out
    assert "4 entries, 3 targets, 3 seeds, 36 runs" in out
    text = page.read_text()
    assert text.startswith("before\n<!--")
    assert text.endswith("<!-- /snrbench:published -->\nafter\n")
    assert "| `laplace` |" in text
    assert "\nold\n" not in text
    assert "36 runs, 3 seeds" in text
    again = page.read_text()
    assert "nothing changed" in snrbench("publish", TRACK, "--store", real_store, "--readme", page)[1]
    summary = json.loads(snrbench("publish", TRACK, "--store", real_store, "--readme", page, "--json")[1])
    assert (summary["changed"], summary["runs"], summary["refreshed"]) == ([], 36, [str(page)])
    assert page.read_text() == again
    own = json.loads(snrbench("leaderboard", TRACK, "--store", real_store, "--format", "json")[1])
    shutil.rmtree(real_store)
    code, out, _ = snrbench("leaderboard", TRACK, "--published", "--store", real_store, "--format", "json")
    assert code == 0
    for row, mine in zip(json.loads(out), own, strict=True):
        assert (row["entry"], row["target"], row["rank"], row["source"]) == (
            *(mine["entry"], mine["target"], mine["rank"], "published"),
        )
        assert row["mean"] == pytest.approx(mine["mean"], rel=1e-6)
    assert not real_store.exists()


def test_publishing_names_what_is_missing_and_refuses_one_seed(snrbench, real_store, bulk, home):
    bulk.append(real_store, {"laplace": 0.5}, ["v"], [3])
    code, _, err = snrbench("publish", TRACK, "--store", real_store)
    assert code == 0
    assert "missing: cosine × v: seeds 3" in err
    assert "missing: 1 more" in err
    with sqlite3.connect(real_store / "mlflow.db") as db:
        of_seed = "(SELECT run_uuid FROM tags WHERE key = 'snrbench.seed' AND value = '1')"
        db.execute(f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid NOT IN {of_seed}")
    code, _, err = snrbench("publish", TRACK, "--replace", "--store", real_store)
    assert code == 2
    assert "one seed, 1" in err


def test_own_and_published_in_one_table(snrbench, real_store, bulk, home, monkeypatch):
    snrbench("publish", TRACK, "--store", real_store)
    with sqlite3.connect(real_store / "mlflow.db") as db:
        gone = "(SELECT run_uuid FROM tags WHERE key = 'snrbench.entry' AND value = 'edm')"
        db.execute(f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN {gone}")
    bulk.append(real_store, {"mine": 0.4}, ["v"], [0, 1, 2])
    code, out, _ = snrbench(
        "leaderboard", TRACK, "-t", "v", "--with-published", "--store", real_store, "--format", "json"
    )
    assert code == 0
    assert {row["entry"]: row["source"] for row in json.loads(out)} == {
        **{"mine": "", "laplace": "", "cosine": "", "cosine_scaled:s=2": "", "edm": "published"},
    }
    out = snrbench("leaderboard", TRACK, "-t", "v", "--with-published", "--store", real_store)[1]
    assert out.count("published") == 1
    monkeypatch.setattr(leaderboard, "SHOWN", 1)
    monkeypatch.setattr(excerpt, "SPARED", 0)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = snrbench("leaderboard", TRACK, "-t", "v", "--with-published", "--store", real_store)[1]
    assert "1 row of longer tables left out" in out
    assert all(own in out for own in ("mine", "laplace", "cosine_scaled:s=2"))
    with sqlite3.connect(real_store / "mlflow.db") as db:
        db.execute("UPDATE runs SET lifecycle_stage = 'deleted'")
    code, _, err = snrbench("leaderboard", TRACK, "--with-published", "--mine", "--store", real_store)
    assert (code, f"no runs of {TRACK} in {real_store}" in err) == (0, True)


def test_bundle_verify_and_rank_beside_ones_own(snrbench, with_keys, tmp_path, monkeypatch):
    file, mine = tmp_path / "theirs.zip", tmp_path / "mine"
    code, out, _ = snrbench("bundle", TRACK, "-o", file, "--store", with_keys)
    assert (code, "36 runs of digits-v1" in out) == (0, True)
    assert snrbench("bundle", TRACK, "-o", file, "--store", with_keys)[0] == 2
    summary = json.loads(snrbench("bundle", TRACK, "-o", file, "--force", "--json", "--store", with_keys)[1])
    assert (summary["file"], summary["runs"], summary["bytes"]) == (str(file), 36, file.stat().st_size)
    scores = {run.run_key: run.scores for run in contents.open_bundle(file).runs}

    def honest(spec, device, factor=1.0):
        of = {parse(key): factor * value for key, value in scores[spec.key].items() if parse(key)}
        return RunResult(spec, values=of)

    show = ["leaderboard", TRACK, "-t", "v", "--with-bundle", file, "--store", mine, "--format", "json"]
    shutil.copytree(with_keys, mine)
    with sqlite3.connect(mine / "mlflow.db") as db:
        gone = "(SELECT run_uuid FROM tags WHERE key = 'snrbench.entry' AND value <> 'cosine')"
        db.execute(f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN {gone}")
    verify = ["verify", file, "--runs", "2", "--device", "cpu", "--store", mine]
    for factor, code, word, mark in ((1.5, 1, "disagrees", "self-reported"), (1.0, 0, "agrees", "verified")):
        monkeypatch.setattr(rerun, "execute", lambda spec, device, factor=factor: honest(spec, device, factor))
        exit_code, out, _ = snrbench(*verify)
        assert exit_code == code
        assert out.count(f": {word};") == 2
        assert "other hardware, torch or execution: final distances, risks and errors to 2 %" in out
        exit_code, out, err = snrbench(*verify, "--json")
        summary = json.loads(out)
        assert (exit_code, summary["code"], summary["agreed"], len(summary["repeated"])) == (code, code, code == 0, 2)
        assert {repeat["agreed"] for repeat in summary["repeated"]} == {code == 0}
        assert err.count(f": {word};") == 2
        rows = {row["entry"]: row["verified"] for row in json.loads(snrbench(*show)[1])}
        assert rows == {"cosine": "", "laplace": mark, "edm": mark, "cosine_scaled:s=2": mark}


def test_a_bundle_ranks_among_the_published_rows(snrbench, with_keys, bulk, home, tmp_path):
    theirs = bulk.build(tmp_path / "theirs", {"cauchy": 0.7}, ["v"])
    assert snrbench("bundle", TRACK, "-o", tmp_path / "theirs.zip", "--store", theirs)[0] == 0
    assert snrbench("publish", TRACK, "--store", with_keys)[0] == 0
    places = ("--published", "--with-bundle", tmp_path / "theirs.zip", "--store", tmp_path / "none")
    rows = json.loads(snrbench("leaderboard", TRACK, "-t", "v", *places, "--format", "json")[1])
    marks = {row["entry"]: (row["source"], row["verified"]) for row in rows}
    assert marks.pop("cauchy") == ("theirs.zip", "self-reported")
    assert set(marks.values()) == {("published", "")}
    assert not (tmp_path / "none").exists()


def test_verify_refuses_what_is_malformed(snrbench, tmp_path):
    (tmp_path / "b").write_bytes(b"no zip")
    code, out, err = snrbench("verify", tmp_path / "b", "--store", tmp_path / "store")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "store").exists()
    assert snrbench("verify", tmp_path / "missing")[0] == 2
    assert snrbench("verify", tmp_path / "b", "--runs", "0")[0] == 2
