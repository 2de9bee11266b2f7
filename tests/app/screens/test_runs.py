"""The runs page, run without a browser."""

from __future__ import annotations

from harness.results.store import Store
from leaderboards.boards import query


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
    cell = table[(table["entry"] == "laplace") & (table["target"] == "v")]
    app = open_app(full_store, "runs", search="laplace", run=str(cell["run_id"].iloc[0])).fine()
    assert {"torch", "python", "device"} <= {row["id"] for row in app.tables["runs.facts"]["rows"]}
    (fd,) = [row["cells"] for row in app.tables["runs.seeds"]["rows"] if row["id"] == "fd"]
    unguided = cell[
        (cell["metric"] == "fd") & (cell["split"] == "test") & (cell["guidance"] == 1) & (cell["mark"] == 1)
    ]
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
