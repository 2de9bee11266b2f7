"""The tuning page, run without a browser."""

from __future__ import annotations

import re

import optuna
import pytest

import schedules
from leaderboards.boards import query
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views.tuned import tuned_table_of
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
    rows = tuned_table_of(table, "digits-v1", Choice("fd")).rows
    app = open_app(full_store, "tuning").fine()
    gains = {row["cells"][1]: row["cells"] for row in app.tables["tuning.gains"]["rows"]}
    assert list(gains) == [row.target for row in rows] == ["v", "x0", "all"]
    assert [gains[row.target][4] for row in rows] == ["scale=0.4, lr × 1, EMA × 1"] * 2 + ["–"], "what it was tuned to"
    assert [gains[row.target][6] for row in rows] == [row.verdict for row in rows]
    assert {(cells[0]["name"], *cells[7:]) for cells in gains.values()} >= {("laplace", "2", "30", "6 min")}
    columns = {column["label"]: column["phone"] for column in app.tables["tuning.gains"]["columns"]}
    assert columns["tuned to"] == "line", "on a phone, too"
    assert "published" not in f"{app.caption[0].value} {' '.join(columns)}"
    place = gains["all"][5]
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


def test_tuning_without_studies_says_what_to_run(open_app, tmp_path):
    app = open_app(tmp_path / "none", "tuning").fine()
    assert app.code[0].value == "snrbench tune digits-v1 laplace"
    assert not (tmp_path / "none").exists()
