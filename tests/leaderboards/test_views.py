"""What the app reads besides boards."""

from __future__ import annotations

import json
from math import nan

import numpy as np

from leaderboards.boards import run_views


def test_runs_are_listed_with_their_failures(table):
    table.runs_of("cosine", [1.0]).runs_of("wild", [None])
    wild, cosine = run_views.runs(table.frame).to_dict("records")
    assert (wild["entry"], wild["outcome"], wild["reason"], wild["diverged_step"]) == (
        *("wild", "diverged", "loss is NaN"),
        17.0,
    )
    assert cosine["outcome"] == "finished"


def test_ranked_runs_are_those_of_the_board(table):
    table.runs_of("cosine", [1.0, 1.1], protocol="1").runs_of("cosine", [1.0, 1.1]).runs_of("cosine", [2.0])
    found = run_views.ranked_runs(table.frame, "v")
    assert found[["label", "seed", "run_id"]].values.tolist() == [["cosine", 0, "run5"], ["cosine", 1, "run4"]]


def test_marks_are_unguided_test_scores(table):
    table.run("cosine", 0, {("test", 1.0, 0.5): 2.0, ("test", 1.0, 1.0): 1.0, ("test", 2.0, 1.0): 7.0})
    table.run("cosine", 1, {("test", nan, 1.0): 3.0, ("val", 1.0, 1.0): 8.0})
    found = run_views.marks(table.frame, "v", "fd").sort_values(["seed", "mark"])
    assert found[["seed", "mark", "value"]].values.tolist() == [[0, 0.5, 2.0], [0, 1.0, 1.0], [1, 1.0, 3.0]]


def test_curves_and_samples_come_from_the_store(monkeypatch, tmp_path):
    curve = json.dumps({"logsnr": [-1, 0, 1], "eps_error": [0.9, 0.5, 0.1]}).encode()
    kept = {("a", "curves.json"): curve, ("a", "samples.png"): b"PNG"}
    monkeypatch.setattr(run_views.read, "artifact", lambda store, run_id, name: kept.get((run_id, name)))
    monkeypatch.setattr(
        run_views.read, "history", lambda store, run_id, metric: [(1, 2.0), (5, 1.0)] if run_id == "a" else []
    )
    errors = run_views.error_curves(tmp_path, ["a", "b"])
    assert list(errors) == ["a"]
    np.testing.assert_array_equal(errors["a"].y, [0.9, 0.5, 0.1])
    losses = run_views.histories(tmp_path, ["a", "b"], "loss")
    assert (losses["a"].x.tolist(), losses["a"].y.tolist()) == ([1, 5], [2.0, 1.0])
    assert (run_views.samples(tmp_path, "a"), run_views.samples(tmp_path, "b")) == (b"PNG", None)
