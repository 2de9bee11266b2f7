"""`snrbench tune` with real training, on a track that takes a second. Killed: tests/survival/test_tuning.py."""

import json
import re
import shlex
import shutil
import sqlite3
import subprocess

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

import in_this_process
from console import console
from harness.execution import plan_files
from harness.results.read import read_runs, search
from harness.results.store import Store
from harness.tuning.studies.study import Study
from scene import SNRBENCH, TuningScene, runs_in_mlflow

HERE = ("--executor", in_this_process.FILE)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return TuningScene(tmp_path_factory.mktemp("tune"))


@pytest.fixture(scope="module")
def quiet(scene):
    """A store in which a study was made in one go, what the command printed, and what it said."""
    with console() as snrbench:
        code, out, err = snrbench(*scene.words("tune", "quiet", *scene.REQUEST, *HERE))
    assert code == 0, err
    return scene.store("quiet"), out, err


def test_it_says_what_it_does_and_what_it_found(quiet):
    _, out, err = quiet
    assert "1 study, each 5 trials × 1 seed × 60 steps" in err
    assert "not the budget of tiny-v1: 5 trials instead of 6" in err
    assert "laplace" in out
    (spec,) = re.findall(r"^laplace × v, (\S+): neither edm2 nor diffusers-flags draws exactly this", err, re.M)
    assert spec.startswith("laplace")
    assert spec in out


def test_nothing_of_the_test_split_is_ever_measured(scene, quiet):
    store, *_ = quiet
    runs = list(search(Store(store), "tiny-v1/tuning"))
    assert len(runs) == scene.RUNS
    measured = {key for run in runs for key in run.data.metrics}
    assert {key.split("/")[0] for key in measured if "excess" in key or "fd" in key} <= {"val", "mark25", "mark50"}
    assert not [key for key in measured if "test" in key]
    assert {run.data.tags["snrbench.study"] for run in runs} == {scene.STUDY}
    assert read_runs(store, "tiny-v1").empty


def test_trials_run_at_once_are_the_same_trials(scene, quiet, snrbench):
    """In a worker's process. All runs of a block are asked before any is waited for, so that they can be stacked."""
    stacked = ("--workers", "1", "--stack", "4", "--json")
    code, out, err = snrbench(*scene.words("tune", "stacked", *scene.REQUEST, *stacked))
    assert code == 0, err
    (study,) = json.loads(out)["studies"]
    assert (study["study"], study["entry"], study["target"], study["trials"]) == (scene.STUDY, "laplace", "v", 5)
    assert study["schedule"].startswith("laplace")
    for trial, other in zip(scene.trials(scene.store("stacked")), scene.trials(quiet[0]), strict=True):
        assert (trial[0], trial[3]) == (other[0], other[3])
        assert trial[4] == pytest.approx(other[4], rel=1e-3, abs=1e-3)
    tags = [run.data.tags.get("snrbench.stack") for run in search(Store(scene.store("stacked")), "tiny-v1/tuning")]
    assert tags.count("4") >= 4
    assert runs_in_mlflow(scene.store("stacked"), "tiny-v1/tuning") == runs_in_mlflow(quiet[0], "tiny-v1/tuning")


def test_what_was_found_is_scored_and_tagged(scene, quiet, snrbench):
    store, *_ = quiet
    code, _, err = snrbench(*scene.words("run", "quiet", "-s", "laplace@tuned", "--seeds", "1", *HERE))
    assert code == 0, err
    [run] = search(Store(store), "tiny-v1")
    tags = {key.removeprefix("snrbench."): value for key, value in run.data.tags.items()}
    assert (tags["entry"], tags["tuned"], tags["tuned_from"]) == ("laplace@tuned", "true", "laplace")
    assert tags["trials"] == "5"
    assert float(tags["tuning_seconds"]) > 0
    assert "test/excess" in run.data.metrics
    assert set(read_runs(store, "tiny-v1").tuned_from) == {"laplace"}


def test_done_already_it_does_nothing(scene, quiet, snrbench):
    before = scene.trials(quiet[0])
    code, out, err = snrbench(*scene.words("tune", "quiet", *scene.REQUEST, *HERE))
    assert code == 0
    assert "1 of 1 study done already" in err
    assert out == quiet[1]
    assert scene.trials(quiet[0]) == before
    following = shlex.split(err.splitlines()[-1])
    assert following[:6] == ["next:", "snrbench", "run", "tiny-v1", "-s", "laplace"]
    assert snrbench(*following[2:], "--dry-run")[0] == 0, "it can be pasted"


def test_the_plan_alone_touches_nothing(tmp_path):
    """In a process of its own: `--all` would take the plugins of other tests too."""
    request = ("tune", "gmm-v1", "--all", "-t", "v", "-t", "x0", "--dry-run", "--store", tmp_path / "no")
    done = subprocess.run([SNRBENCH, *map(str, request)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    names, err = done.stdout.split(), done.stderr
    assert {"gmm-v1/v/cosine/native/sample", "gmm-v1/x0/preset/sd3/native/sample"} <= set(names)
    assert "24 trials × 2 seeds × 500 steps" in err
    assert f"{len(names) * 64 * 500:,} training steps at most" in err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gmm-v1"], "no schedule to tune"),
        (["gmm-v1", "laplac"], "did you mean laplace"),
        (["gmm-v1", "laplace@tuned"], "tune laplace"),
        (["gmm-v1", "laplace", "--all"], "--all is every schedule"),
        (["gmm-v1", "laplace", "--trials", "0"], "trials is 0; expected at least 1"),
        (["gmm-v1", "laplace", "-t", "w"], "unknown target 'w'"),
        (["gmm-v2", "laplace"], "unknown track 'gmm-v2'"),
        (["gmm-v1", "mixture(laplace@tuned@1, cosine@1)"], "no tuned parameters"),
    ],
)
def test_wrong_use_is_one_line(snrbench, tmp_path, words, says):
    code, _, err = snrbench("tune", *words, "--store", tmp_path / "no")
    assert code == 2
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("mysql://host/db", "names a mysql database; expected postgresql://"),
        ("nonsense", "holds no database URL"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(snrbench, tmp_path, monkeypatch, database, says):
    monkeypatch.setenv("SNRBENCH_OPTUNA", database)
    for dry in ([], ["--dry-run"]):
        code, _, err = snrbench("tune", "gmm-v1", "laplace", *dry, "--store", tmp_path / "store")
        assert code == 2
        assert says in err.splitlines()[-1]
        assert not (tmp_path / "store").exists()
    code, _, err = snrbench("run", "gmm-v1", "-s", "laplace@tuned", "--store", tmp_path / "store")
    assert code == 2
    assert says in err


def test_a_damaged_file_of_studies_is_one_line_and_says_what_helps(snrbench, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    file = store / "optuna.db"
    help_out = "restore a backup of it, or delete it"
    for make, says in (
        (file.mkdir, "unable to open database file"),
        (lambda: (file.rmdir(), file.write_bytes(b"no database" * 1000)), f"file is not a database; {help_out}"),
    ):
        make()
        for words in (["run", "gmm-v1", "-s", "laplace@tuned"], ["tune", "gmm-v1", "laplace"]):
            for dry in ([], ["--dry-run"]):
                code, _, err = snrbench(*words, *dry, "--store", store)
                assert (code, len(err.strip().splitlines())) == (2, 1), err
                assert f"{store}/optuna.db cannot be used: {says}" in err
        assert list(store.iterdir()) == [file], "nothing was begun"


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        ("database or disk is full", "results cannot be written: database or disk is full. Nothing is lost"),
        ("server closed the connection", "the studies' database does not answer: server closed the connection. What"),
    ],
)
def test_a_database_that_fails_in_mid_work_ends_the_command_in_order(
    snrbench, scene, quiet, tmp_path, monkeypatch, problem, says
):
    """A study of a copy goes on to more trials; none can be asked for."""

    def take(study):
        raise StorageInternalError("of Optuna") from OperationalError("INSERT", {}, sqlite3.OperationalError(problem))

    monkeypatch.setattr(Study, "take", take)
    store = shutil.copytree(quiet[0], tmp_path / "store")
    code, _, err = snrbench(*scene.words("tune", store, "laplace", "--trials", "6"))
    assert code == 1
    assert says in err
    assert "the same command goes on" in err
    assert plan_files.read(Store(store))[-1].code == 1


def test_a_schedule_that_always_fails_is_named(snrbench, tmp_path, scene):
    plugin = tmp_path / "bad.py"
    plugin.write_text(
        "from schedules import weightings\n\n\n"
        "@weightings.register('bad_at_training')\n"
        "def bad(logsnr):\n"
        "    if logsnr.size > 1000:\n"
        "        raise ArithmeticError('it cannot do that')\n"
        "    return logsnr**2\n"
    )
    request = ("cosine", "-w", "bad_at_training", "--trials", "2", "--plugin", plugin, *HERE)
    code, out, err = snrbench(*scene.words("tune", "bad", *request))
    assert code == 1
    assert "bad_at_training" in err
    assert "no trial could be confirmed" in out
