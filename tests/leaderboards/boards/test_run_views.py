"""What the app reads besides boards."""

from __future__ import annotations

import json
from math import nan

import numpy as np

from leaderboards.boards import run_views


def test_runs_are_listed_with_their_failures(table):
    table.runs_of("cosine", [1.0]).runs_of("wild", [None])
    wild, cosine = run_views.runs(table.tables).to_dict("records")
    assert (wild["entry"], wild["outcome"], wild["reason"], wild["diverged_step"]) == (
        *("wild", "diverged", "loss is NaN"),
        17.0,
    )
    assert cosine["outcome"] == "finished"


def test_ranked_runs_are_those_of_the_board(table):
    table.runs_of("cosine", [1.0, 1.1], protocol="1").runs_of("cosine", [1.0, 1.1]).runs_of("cosine", [2.0])
    runs = run_views.ranked_runs(table.tables, "v")
    assert runs[["label", "seed", "run_id"]].values.tolist() == [["cosine", 0, "run5"], ["cosine", 1, "run4"]]


def test_marks_are_unguided_test_scores(table):
    table.run("cosine", 0, {("test", 1.0, 0.5): 2.0, ("test", 1.0, 1.0): 1.0, ("test", 2.0, 1.0): 7.0})
    table.run("cosine", 1, {("test", nan, 1.0): 3.0, ("val", 1.0, 1.0): 8.0})
    marks = run_views.marks_of_targets(table.tables, ["v"], "fd")[0].sort_values(["seed", "mark"])
    assert marks[["seed", "mark", "value"]].values.tolist() == [[0, 0.5, 2.0], [0, 1.0, 1.0], [1, 1.0, 3.0]]


def test_learned_densities_come_from_the_store(monkeypatch, tmp_path):
    density = json.dumps({"logsnr": [-1, 0, 1], "pdf": [0.1, 0.8, 0.1]}).encode()
    monkeypatch.setattr(
        run_views.read,
        "artifact",
        lambda store, run_id, name: density if (run_id, name) == ("a", "density.json") else None,
    )
    densities = run_views.learned_densities(tmp_path, ["a", "b"])
    assert list(densities) == ["a"]
    np.testing.assert_array_equal(densities["a"].y, [0.1, 0.8, 0.1])
