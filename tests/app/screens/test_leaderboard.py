"""The leaderboard page, run without a browser."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

import schedules
from app import command
from app.data import results
from harness import tracks
from harness.tuning.studies import lookup
from leaderboards.boards import query
from leaderboards.render import formats
from leaderboards.render.columns import rank
from schedules import trainers
from schedules.relatives import similarity


def test_an_empty_store_says_what_to_run(open_app, tmp_path):
    app = open_app(tmp_path / "none").fine()
    commands = ["snrbench quickstart", "snrbench run digits-v1 -s cosine -s laplace"]
    assert [block.value for block in app.code][:2] == commands
    assert not (tmp_path / "none").exists()


def test_a_store_of_an_unknown_track_says_which_and_what_shows_its_board(open_app, fresh_store, stores, monkeypatch):
    """Beside a known track it is said, too; with the track's file in the store the board is there."""
    stores.build(fresh_store, entries=("cosine", "laplace"), targets=("v",), seeds=1)
    with closing(sqlite3.connect(fresh_store / "mlflow.db")) as database, database:
        database.execute("UPDATE experiments SET name = 'own-unseen-v1' WHERE name = 'digits-v1'")
        database.execute("UPDATE tags SET value = 'own-unseen-v1' WHERE key = 'snrbench.track'")
    for page in ("leaderboard", "runs"):
        words = open_app(fresh_store, page).fine().words
        assert "own-unseen-v1`, a track that is not known here: a copy of the track's file as `" in words
        assert f"`{fresh_store}/tracks/own-unseen-v1.py`" in words
    stores.build(fresh_store, entries=("cosine",), targets=("v",), seeds=1)
    assert "not known here" in open_app(fresh_store).fine().words
    file = fresh_store / "tracks" / "own-unseen-v1.py"
    file.parent.mkdir()
    file.write_text(
        "from harness.tracks.digits import DIGITS\nTRACK = DIGITS.model_copy(update={'name': 'own-unseen-v1'})\n"
    )
    monkeypatch.setattr(tracks, "TRACKS", dict(tracks.TRACKS))
    app = open_app(fresh_store, track="own-unseen-v1").fine()
    assert set(app.names("leaderboard.table")) == {"laplace", "cosine"}
    assert "not known here" not in app.words


def test_the_board_is_the_one_of_the_command_line(open_app, full_store):
    app = open_app(full_store, target="v").fine()
    board = query.open_board(full_store, "digits-v1", target="v")
    assert app.names("leaderboard.table") == [row.entry for row in board.rows]
    table = app.tables["leaderboard.table"]
    first = dict(zip([column["label"] for column in table["columns"]], table["rows"][0]["cells"], strict=True))
    best = board.rows[0]
    assert first["rank"]["text"] == rank(best)
    interval = next(cell for cell in first.values() if isinstance(cell, dict) and "mean" in cell)
    assert 0 <= interval["low"] < interval["mean"] < interval["high"] <= 1
    assert [mark for mark, _ in first["training"]["points"]] == [0.25, 0.5, 1.0]
    assert {metric.label: metric.value for metric in app.metric}["diverged"] == str(board.rows[-1].diverged) == "1"
    assert app.names("leaderboard.table")[0] in app.words
    assert [column["label"] for column in table["columns"] if not column["guide"]] == ["entry"], "others are explained"
    assert all("](guide?topic=" in metric.help for metric in app.metric)


def test_badges_say_what_an_entry_is(open_app, full_store):
    app = open_app(full_store, target="v").fine()
    rows = app.tables["leaderboard.table"]["rows"]
    badges = {row["id"]: {badge["text"] for badge in row["cells"][1]["badges"]} for row in rows}
    assert badges["cosine"] == {"baseline"}
    assert "tuned" in badges["laplace@tuned"]
    assert "learned" in badges["infonoise"]
    assert "diverged" in badges["edm"]


PUBLISHED = {"cosine", "laplace", "edm", "laplace [weight]", "infonoise"}
NARROWED = (
    ({"search": "lap tuned"}, {"laplace@tuned", "cosine"}),
    ({"search": "", "parameters": "published"}, PUBLISHED),
    ({"parameters": "tuned"}, {"laplace@tuned", "cosine"}),
    ({"parameters": "both"}, {*PUBLISHED, "laplace@tuned"}),
    ({"family": "Laplace and Cauchy"}, {"laplace", "laplace@tuned", "laplace [weight]", "cosine"}),
)


def test_narrowing_hides_rows_and_changes_no_rank(open_app, full_store):
    whole = {row.entry: rank(row) for row in query.open_board(full_store, "digits-v1", target="v").rows}
    app = open_app(full_store, target="v").fine()
    widgets = {"search": "text_input", "parameters": "segmented_control", "family": "selectbox"}
    for choices, names in NARROWED:
        for key, value in choices.items():
            getattr(app, widgets[key])(key=f"leaderboard.{key}").set_value(value)
        app.run()
        assert set(app.fine().names("leaderboard.table")) == names
        ranks = {row["id"]: row["cells"][0]["text"] for row in app.tables["leaderboard.table"]["rows"]}
        assert ranks == {name: text for name, text in whole.items() if name in names}
        for key, value in choices.items():
            assert app.address.get(key, [""]) == [{"both": ""}.get(value, value)]


def test_a_part_of_the_budget_ranks_what_was_measured_then(open_app, full_store, one_table):
    app = open_app(full_store, target="v", budget="0.25").fine()
    table = one_table(query.runs_table(full_store, "digits-v1"))
    early = table[(table["metric"] == "fd") & (table["split"] == "test") & (table["mark"] == 0.25)]
    means = early[early["target"] == "v"].groupby("entry")["value"].mean()
    order = [name for name in app.names("leaderboard.table") if name != "edm"]
    assert order == list(means.drop("edm").sort_values().index)
    assert not app.segmented_control(key="leaderboard.budget").disabled


def test_controls_offer_what_the_store_holds(open_app, full_store):
    app = open_app(full_store).fine()
    assert [option.partition(" ")[0] for option in app.selectbox(key="leaderboard.metric").options][:3] == [
        "fd",
        "kd",
        "recall",
    ]
    assert app.segmented_control(key="leaderboard.target").value == "all"
    assert "leaderboard.by-target" in app.tables
    app.selectbox(key="leaderboard.track").set_value("gmm-v1").run()
    assert not app.exception
    assert "snrbench quickstart" in [block.value for block in app.code]


@pytest.mark.parametrize(
    "address",
    [
        {"track": "digits-v1", "target": "x0", "metric": "kd", "guidance": "1.5", "entry": ["edm", "cosine"]},
        {"track": "digits-v1", "target": "all", "metric": "fd", "guidance": "best", "budget": "0.5"},
    ],
)
def test_an_address_restores_what_was_seen(open_app, full_store, address):
    app = open_app(full_store, **address).fine()
    assert {key: app.address[key] for key in address} == {
        key: [value] if isinstance(value, str) else value for key, value in address.items()
    }
    assert app.tables["leaderboard.table"]["selected"] == address.get("entry", [])


def test_an_address_that_is_wrong_is_named_and_falls_back(open_app, full_store):
    app = open_app(
        full_store, track="nope", target="<b>", metric="../..", guidance="900", entry="ghost", budget="7"
    ).fine()
    assert app.selectbox(key="leaderboard.track").value == "digits-v1"
    assert app.tables["leaderboard.table"]["selected"] == []
    (warning,) = app.warning
    named = set(warning.value.split("`")[1::2])
    assert named == {"nope", "<b>", "../..", "900", "ghost", "7"}
    app.selectbox(key="leaderboard.metric").set_value("kd").run()
    assert not app.fine().warning


def test_hostile_names_are_text(open_app, hostile_store, stores):
    app = open_app(hostile_store, target="v").fine()
    assert set(app.names("leaderboard.table")) == {"cosine", "laplace", *stores.HOSTILE}
    assert not any(element.allow_html for element in app.markdown)
    assert "<script>" not in app.words.replace(r"\<", "").replace("`<script>alert(1)</script>`", "")
    assert {stores.HOSTILE[0]} == {name for name in app.names("leaderboard.table") if "script" in name}


def test_a_failing_part_leaves_the_rest(open_app, full_store, monkeypatch, no_caches):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(results.run_views, "marks_of_targets", broken)
    app = open_app(full_store, target="v")
    assert not app.exception
    (error,) = app.error
    assert "secret" not in error.value
    assert "terminal" in error.value
    assert len(app.expander) == 1


@pytest.mark.parametrize("count", [1, 2, 40])
def test_boards_of_any_size(open_app, full_store, tables, monkeypatch, no_caches, count):
    stored = query.runs_table(full_store, "digits-v1")
    # Run ids are random, so the first of all may be the diverged one, beside which no entry is better.
    one_run = stored.where(stored.runs.index == stored.runs.index[stored.runs["entry"] == "cosine"][0])
    names = ["cosine", *(name for name in schedules.names() if name != "cosine")][:count]
    whole = tables.repeated(one_run, names, ["v"], 3)
    monkeypatch.setattr(query, "runs_table", lambda *_, **__: whole)
    app = open_app(full_store, target="v").fine()
    rows = app.tables["leaderboard.table"]["rows"]
    assert len(rows) == min(count, 25)
    assert rows[0]["id"] == "cosine"
    if count == 40:
        first = {row["id"] for row in rows if row["cells"][0]["text"].startswith("1–")}
        lit = {row["id"] for row in rows if "muted" not in row["marks"]}
        assert lit == first | {row["id"] for row in rows[:10]}, "the first ten, and whoever may be first"
        assert len(lit) < len(rows)
        app.segmented_control(key="leaderboard.rows").set_value("all").run()
        app.segmented_control(key="leaderboard.order").set_value("family").run()
        rows = app.fine().tables["leaderboard.table"]["rows"]
        assert {row["id"] for row in rows if "head" not in row} == set(names)
        assert len([row for row in rows if "head" in row]) > 5
        assert app.address["order"] == ["family"]


def test_the_target_that_is_chosen_is_the_one_that_is_shown(open_app, full_store, monkeypatch, no_caches):
    """Three entries with two targets, three with one: the table over targets stays, but not where nothing is shared."""
    stored = query.runs_table(full_store, "digits-v1")
    everywhere = ["cosine", "laplace", "infonoise"]
    uneven = stored.where(stored.runs["entry"].isin(everywhere) | (stored.runs["target"] == "v"))
    monkeypatch.setattr(query, "runs_table", lambda *_, **__: uneven)
    app = open_app(full_store).fine()
    chosen = app.segmented_control(key="leaderboard.target")
    assert (chosen.value, chosen.options) == ("all", ["all", "x0", "v"])
    assert set(app.names("leaderboard.table")) == set(everywhere)
    app.text_input(key="leaderboard.search").set_value("edm").run()
    chosen = app.fine().segmented_control(key="leaderboard.target")
    assert (chosen.value, chosen.options, app.address["target"]) == ("v", ["x0", "v"], ["v"])
    assert set(app.names("leaderboard.table")) == {"edm", "cosine"}
    assert "none but cosine was run on all of v, x0" in app.words.replace("`", "")


def test_flags_of_a_tuned_entry_are_those_of_each_target(open_app, tmp_path, monkeypatch):
    """Over all targets a line for each, in the order of the section; on the board of one target that one alone."""
    monkeypatch.setenv(command.PUBLISHED, "1")
    entry = "logit_normal@tuned"
    tuned = {target: lookup.tuned(entry, tmp_path, "digits-v1", target).schedule for target in ("eps", "v", "x0")}
    for target, targets in (("all", ["eps", "v", "x0"]), ("v", ["v"])):
        app = open_app(tmp_path / "none", target=target, entry=[entry]).fine()
        flags = [block.value for block in app.code if block.value.startswith("--weighting_scheme")]
        drawn = [trainers.read("diffusers-flags", line).schedule for line in flags]
        assert all(similarity.same(one, tuned[name]) for one, name in zip(drawn, targets, strict=True))
        labels = [line.value for line in app.markdown if line.value.startswith(f"`{entry}`, target")]
        assert labels == [f"`{entry}`, target **{name}**" for name in targets]


def test_downloads_are_the_exports(open_app, full_store):
    app = open_app(full_store, target="v").fine()
    board = query.open_board(full_store, "digits-v1", target="v")
    assert [button.label for button in app.get("download_button")] == ["csv", "json", "md"]
    assert len(json.loads(formats.of_board("json", board))) == len(board.rows)


def test_a_new_run_shows_at_the_next_click(open_app, stores, fresh_store):
    stores.build(fresh_store, entries=("cosine",), targets=("v",), seeds=1)
    app = open_app(fresh_store)
    assert app.names("leaderboard.table") == ["cosine"]
    stores.build(fresh_store, entries=("laplace",), targets=("v",), seeds=1)
    assert set(app.run().names("leaderboard.table")) == {"laplace", "cosine"}
