"""A store, a tuned study, a bundle, a plugin and a track that version 0.1 made go on with the code as it is."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

import in_this_process

MADE = Path(__file__).parent / "made_by_0_1"
WITH = ("--plugin", MADE / "ridge.py", "--track-plugin", MADE / "own_track.py")


@pytest.fixture
def store(tmp_path):
    with tarfile.open(MADE / "store.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "store"


def test_a_board_of_its_store_has_the_same_scores(snrbench, store):
    code, out, err = snrbench("leaderboard", "own-v1", "--store", store, *WITH, "--format", "json")
    assert code == 0, err
    rows = {(row["entry"], row["target"]): row for row in json.loads(out)}
    expected = json.loads((MADE / "board.json").read_text())
    assert len(expected) == len(rows)
    for row in expected:
        now = rows[row["entry"], row["target"]]
        assert now["values"] == row["values"]
        assert now["params"] == row["params"]
        assert now["mean"] == pytest.approx(row["mean"], rel=1e-12)


def test_its_runs_are_not_run_again(snrbench, store):
    """The run keys of that version are those of today: also of a plugin, a track of one's own and a shorter budget."""
    specs = ("-s", "cosine", "-s", "laplace", "-s", "ridge")
    code, _, err = snrbench(
        "run", "own-v1", *specs, "-t", "v", "-t", "eps", "--seeds", 3, "--store", store, *WITH, "--dry-run"
    )
    assert code == 0
    assert "18 of 18 runs are already in the store" in err
    shorter = ("run", "gmm-v1", "-s", "cosine", "-s", "laplace", "--seeds", 2, "--budget-fraction", 0.2)
    code, _, err = snrbench(*shorter, "--store", store, "--dry-run")
    assert code == 0
    assert "4 of 4 runs are already in the store" in err


def test_its_study_says_what_tuned_means(snrbench, store):
    code, _, err = snrbench("run", "own-v1", "-s", "laplace@tuned", "--seeds", 3, "--store", store, *WITH, "--dry-run")
    assert code == 0
    assert "3 of 3 runs are already in the store" in err


def test_a_new_run_goes_into_it(snrbench, store):
    run = ("run", "own-v1", "-s", "cauchy", "--seeds", 1, "--store", store, *WITH, "--executor", in_this_process.FILE)
    code, _, err = snrbench(*run)
    assert code == 0, err
    assert "1 finished" in err
    code, out, _ = snrbench("leaderboard", "own-v1", "-t", "v", "--store", store, *WITH, "--format", "json")
    assert {"cosine", "cauchy", "ridge", "laplace@tuned"} <= {row["entry"] for row in json.loads(out)}


def test_its_bundle_is_ranked_beside_and_repeated(snrbench, store, tmp_path):
    bundle = tmp_path / "own-v1.bundle"
    shutil.copy(MADE / "own-v1.bundle", bundle)
    code, out, err = snrbench("verify", bundle, "--runs", 1, "--store", tmp_path / "other", *WITH)
    assert code == 0, out + err
    command = ("leaderboard", "own-v1", "--store", store, "--with-bundle", bundle, *WITH, "--format", "json")
    code, out, err = snrbench(*command)
    assert code == 0, err
    assert len(json.loads(out)) == len(json.loads((MADE / "board.json").read_text()))
