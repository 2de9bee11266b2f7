"""What holds for every page: a damaged store, and one that is read for the first time."""

from __future__ import annotations

import streamlit as st


def test_pages_of_a_damaged_store_say_so_in_a_line(open_app, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database at all" * 100)
    app = open_app(tmp_path, "runs")
    assert not app.exception
    assert len(app.error) == 1
    assert "Traceback" not in app.error[0].value


def test_a_record_that_is_read_for_the_first_time_shows_how_far_it_is(open_app, bulk, tmp_path, monkeypatch):
    progress = []
    original = st.delta_generator.DeltaGenerator.progress
    monkeypatch.setattr(
        st.delta_generator.DeltaGenerator,
        "progress",
        lambda self, value, text=None: (progress.append((value, text)), original(self, value, text))[1],
    )
    store = bulk.build(tmp_path / "store", {"cosine": 1.0, "laplace": 0.9}, ["v"], 3)
    app = open_app(store).fine()
    assert progress[-1] == (1.0, "Reading digits-v1: 6 of 6 runs")
    assert not app.get("progress")
    progress.clear()
    bulk.append(store, {"edm": 1.1}, ["v"], range(3))
    assert set(app.run().names("leaderboard.table")) == {"cosine", "laplace", "edm"}
    assert not progress
