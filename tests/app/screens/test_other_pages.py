"""Tuning, Runs, Transfer and How it works, run without a browser."""

from __future__ import annotations

import re

import optuna
import pytest
import streamlit as st

import schedules
from app.data import results, studies
from harness import tracks
from harness.results.store import Store
from harness.tuning.studies import storage
from leaderboards.boards import query
from leaderboards.comparisons.agreement.agreements import agreements
from leaderboards.comparisons.agreement.headline import leading, tau_text
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views.transfer import transfer_of
from leaderboards.comparisons.views.tuned import tuned_table_of
from read_only import read_only_copy
from schedules import trainers


def test_tuning_shows_equal_budgets_and_the_best_trial(open_app, full_store):
    name = "digits-v1/v/laplace/native/sample"
    app = open_app(full_store, "tuning", study=name).fine()
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{full_store / 'optuna.db'}")
    table = next(table for key, table in app.tables.items() if key.startswith("tuning.table"))
    (row,) = [row for row in table["rows"] if row["id"] == name]
    pruned = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.PRUNED]
    steps = sum(max(trial.intermediate_values) for trial in study.trials)
    assert row["cells"][2:4] == [str(len(study.trials)), str(len(study.trials) - len(pruned))]
    assert row["cells"][6] == f"{steps:,}"
    assert row["cells"][8] == "−12 % [−19, −5]"
    assert "all 2 studies had 10 trials" in app.words
    parameters = {row["id"]: row["cells"] for row in app.tables["tuning.parameters"]["rows"]}
    assert parameters["scale"][1] == "0.5"
    assert float(parameters["scale"][2]) == pytest.approx(study.best_params["scale"], rel=1e-3)
    assert set(app.figures) == {"history", "importances", "slices", "contour"}
    assert app.address["study"] == [name]
    assert "neither edm2 nor diffusers-flags draws exactly this" in app.words
    of_edm = open_app(full_store, "tuning", study="digits-v1/v/edm/native/sample").fine().words
    flags = of_edm.partition("edm2 ")[2].partition(" · ")[0]
    drawn = trainers.read("edm2", flags).schedule
    (spec,) = re.findall(r"confirmed: \W*(edm:p_mean=[^\s`]+),?\W", of_edm)
    assert drawn.ppf([0.1, 0.9]) == pytest.approx(schedules.parse(spec).ppf([0.1, 0.9]))


def test_what_tuning_gained_on_the_test_split(open_app, full_store, tmp_path):
    table = query.runs_table(full_store, "digits-v1")
    found = tuned_table_of(table, "digits-v1", Choice("fd")).rows
    app = open_app(full_store, "tuning").fine()
    shown = {row["cells"][1]: row["cells"] for row in app.tables["tuning.gains"]["rows"]}
    assert list(shown) == [row.target for row in found] == ["v", "x0", "all"]
    assert [shown[row.target][4] for row in found] == ["scale=0.4, lr × 1, EMA × 1"] * 2 + ["–"], "what it was tuned to"
    assert [shown[row.target][6] for row in found] == [row.verdict for row in found]
    assert {(cells[0]["name"], *cells[7:]) for cells in shown.values()} >= {("laplace", "2", "30", "6 min")}
    place = shown["all"][5]
    assert 0 <= place["low"] < place["mean"] < place["high"] <= 1
    app.segmented_control(key="tuning.target").set_value("x0").run()
    assert [row["cells"][1] for row in app.fine().tables["tuning.gains"]["rows"]] == ["x0"]
    assert "not in this store" in app.words
    app = open_app(tmp_path / "none", "tuning").fine()
    assert "tuning.gains" not in app.tables


def test_a_bare_study_is_shown_without_what_it_lacks(open_app, tmp_path):
    place = f"sqlite:///{tmp_path / 'optuna.db'}"
    optuna.create_study(storage=place, study_name="digits-v1/v/preset/sd3/native/weight")
    optuna.create_study(storage=place, study_name="<script>").add_trial(optuna.trial.create_trial(value=1.0))
    before = (tmp_path / "optuna.db").read_bytes()
    app = open_app(tmp_path, "tuning").fine()
    assert {"preset/sd3 [weight]"} == set(app.names("tuning.table")) or app.names("tuning.table")
    assert (tmp_path / "optuna.db").read_bytes() == before


def test_studies_are_read_whatever_the_path_and_where_nothing_may_be_written(tmp_path):
    place = tmp_path / "what? #1, 100% {0} [b] 'é'\""
    opened, locks = storage.open_storage(Store(place))
    optuna.create_study(storage=opened, study_name="gmm-v1/v/laplace/native/sample")
    opened.engine.dispose()
    locks.close()
    (study,) = studies.studies(results.Store(place, "of the test"), "of the test")
    with read_only_copy(place) as copy:
        (again,) = studies.studies(results.Store(copy, "of the test"), "of the test")
    assert study.label == again.label == "laplace"


def test_tuning_without_studies_says_what_to_run(open_app, tmp_path):
    app = open_app(tmp_path / "none", "tuning").fine()
    assert app.code[0].value == "snrbench tune digits-v1 laplace"
    assert not (tmp_path / "none").exists()


def test_runs_show_what_diverged_and_why(open_app, full_store):
    app = open_app(full_store, "runs", track="digits-v1", outcome="diverged").fine()
    rows = app.tables["runs.table-"]["rows"]
    assert {row["cells"][0]["name"] for row in rows} == {"edm"}
    assert all("not finite at step 117" in row["cells"][-1] for row in rows)
    run = rows[0]["id"]
    app = open_app(full_store, "runs", track="digits-v1", outcome="diverged", run=run).fine()
    assert "Diverged at step 117" in app.warning[0].value
    assert app.address["run"] == [run]
    assert app.code[0].value.startswith("mlflow ui --backend-store-uri sqlite:////")


def test_a_run_shows_its_environment_and_every_seed(open_app, full_store, one_table):
    table = one_table(query.runs_table(full_store, "digits-v1"))
    one = table[(table["entry"] == "laplace") & (table["target"] == "v")]
    app = open_app(full_store, "runs", search="laplace", run=str(one["run_id"].iloc[0])).fine()
    assert {"torch", "python", "device"} <= {row["id"] for row in app.tables["runs.facts"]["rows"]}
    (fd,) = [row["cells"] for row in app.tables["runs.seeds"]["rows"] if row["id"] == "fd"]
    unguided = one[(one["metric"] == "fd") & (one["split"] == "test") & (one["guidance"] == 1) & (one["mark"] == 1)]
    assert fd[1:] == [f"{value:#.4g}" for value in unguided.sort_values("seed")["value"]]
    assert all("laplace" in name for name in app.names("runs.table"))


def test_runs_that_failed_are_shown_with_their_reason(open_app, fresh_store):
    store = Store(fresh_store)
    store.prepare()
    experiment = store.experiment("digits-v1", create=True)
    tags = {
        "snrbench.entry": "<b>x</b>",
        "snrbench.target": "v",
        "snrbench.seed": "7",
        "snrbench.reason": "out of memory",
    }
    run = store.client.create_run(experiment, tags=tags)
    store.client.set_terminated(run.info.run_id, "FAILED")
    app = open_app(fresh_store, "runs", track="digits-v1", outcome="failed").fine()
    (row,) = app.tables["runs.table-"]["rows"]
    assert (row["cells"][0]["name"], row["cells"][-1]) == ("<b>x</b>", "out of memory")


def test_transfer_draws_every_part(open_app, full_store):
    app = open_app(full_store, "transfer").fine()
    assert set(app.figures) == {"correlations", "agreement", "ranks", "wins", "profiles", "front"}
    (lead, *_) = leading(agreements(query.runs_table(full_store, "digits-v1"), "digits-v1", Choice("fd")))
    assert app.tables["transfer.agreement"]["rows"][0]["cells"][4] == tau_text(lead)
    table = query.runs_table(full_store, "digits-v1")
    found = transfer_of(table, "digits-v1", "target", Choice("fd"))
    drawn = app.figures["correlations"]["data"][0]
    assert drawn["x"] == list(found.conditions)
    assert drawn["text"][0][1] == f"{found.tau[0, 1]:.2f}"
    ways = {row["cells"][1] for row in app.tables["transfer.ways"]["rows"]}
    assert ways == {"v", "x0", "all"}
    assert app.tables["transfer.noise"]["rows"]


def test_transfer_over_every_axis(open_app, full_store):
    app = open_app(full_store, "transfer", axis="guidance", target="v").fine()
    drawn = {"guidance": "correlations" in app.figures}
    for axis in ("mark", "metric", "grid", "track"):
        app.segmented_control(key="transfer.axis").set_value(axis).run()
        drawn[axis] = "correlations" in app.fine().figures
        assert app.address["axis"] == [axis]
    assert drawn == {"guidance": True, "mark": True, "metric": True, "grid": False, "track": False}


def test_every_topic_of_the_guide(open_app, tmp_path):
    app = open_app(tmp_path, "guide", topic="tracks").fine()
    floor = tracks.card("digits-v1")["floors"]["fd"]
    floors = {row["id"]: row["cells"][1] for row in app.tables["guide.floors-digits-v1"]["rows"]}
    assert floors["floor fd"] == f"{floor:.3g}"
    assert "guide.floors-imagenet64-v1" not in app.tables
    assert "nothing was measured on it yet" in app.words
    for topic in ("question", "protocol", "metrics", "reading", "adding"):
        app.segmented_control(key="guide.topic").set_value(topic).run()
        assert len(app.fine().words) > 100
        assert app.address.get("topic", ["question"]) == [topic]
    scope: dict[str, object] = {}
    source = app.code[0].value.replace("from schedules import register", "register = lambda *a, **k: lambda f: f")
    exec(source, scope)
    assert scope["my_laplace"]().mean() == 0
    assert app.code[1].value.count("snrbench") == 4


def test_pages_of_a_damaged_store_say_so_in_a_line(open_app, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database at all" * 100)
    app = open_app(tmp_path, "runs")
    assert not app.exception
    assert len(app.error) == 1
    assert "Traceback" not in app.error[0].value


def test_a_record_that_is_read_for_the_first_time_shows_how_far_it_is(open_app, bulk, tmp_path, monkeypatch):
    seen = []
    original = st.delta_generator.DeltaGenerator.progress
    monkeypatch.setattr(
        st.delta_generator.DeltaGenerator,
        "progress",
        lambda self, value, text=None: (seen.append((value, text)), original(self, value, text))[1],
    )
    store = bulk.build(tmp_path / "store", {"cosine": 1.0, "laplace": 0.9}, ["v"], 3)
    app = open_app(store).fine()
    assert seen[-1] == (1.0, "Reading digits-v1: 6 of 6 runs")
    assert not app.get("progress")
    seen.clear()
    bulk.append(store, {"edm": 1.1}, ["v"], range(3))
    assert set(app.run().names("leaderboard.table")) == {"cosine", "laplace", "edm"}
    assert not seen
