"""`snrbench tune` with real training, on a track that takes a second: killed, gone on with, and scored."""

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import time

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from harness.execution import plan_files
from harness.results.read import read_runs, search
from harness.results.store import Store
from harness.tuning.studies.study import Study
from scene import SNRBENCH, Scene, runs_in_mlflow

RULE = """
from harness.tracks.track import Tuning

TINY = TINY.model_copy(update={"tuning": Tuning(trials=6, seeds=1, finalists=1, confirm_seeds=2)})
"""
REQUEST = ("laplace", "--trials", "5", "--workers", "2")
NAME = "tiny-v1/v/laplace/native/sample"


class Tuning(Scene):
    """Commands on the tiny track with other words than `run`, and with a small budget for tuning."""

    def __init__(self, folder):
        super().__init__(folder, steps=60)
        self.track.write_text(self.track.read_text() + RULE)

    def words(self, command, store, *more):
        first, _, *rest = self.command(store, *more)
        return [first, command, *rest]

    def tune(self, store, *more):
        return subprocess.run(
            self.words("tune", store, *more), capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return Tuning(tmp_path_factory.mktemp("tune"))


@pytest.fixture(scope="module")
def quiet(scene):
    """A store in which a study was made in one go, and what the command said."""
    done = scene.tune("quiet", *REQUEST)
    assert done.returncode == 0, done.stderr
    return scene.store("quiet"), done


def trials(store):
    study = optuna.load_study(study_name=NAME, storage=f"sqlite:///{store}/optuna.db")
    return [(one.number, one.state, one.value, one.params, one.intermediate_values) for one in study.trials]


def test_it_says_what_it_does_and_what_it_found(quiet):
    _, done = quiet
    assert "1 study, each 5 trials × 1 seed × 60 steps" in done.stderr
    assert "not the budget of tiny-v1: 5 trials instead of 6" in done.stderr
    assert "laplace" in done.stdout
    (spec,) = re.findall(r"^laplace × v, (\S+): neither edm2 nor diffusers-flags draws exactly this", done.stderr, re.M)
    assert spec.startswith("laplace")
    assert spec in done.stdout


def test_nothing_of_the_test_split_is_ever_measured(quiet):
    store, _ = quiet
    found = list(search(Store(store), "tiny-v1/tuning"))
    assert len(found) == 5 + 2 * 2
    measured = {key for run in found for key in run.data.metrics}
    assert {key.split("/")[0] for key in measured if "excess" in key or "fd" in key} <= {"val", "mark25", "mark50"}
    assert not [key for key in measured if "test" in key]
    assert {run.data.tags["snrbench.study"] for run in found} == {NAME}
    assert read_runs(store, "tiny-v1").empty


def test_killed_it_goes_on_and_ends_as_if_nothing_had_been(scene, quiet):
    running = subprocess.Popen(
        scene.words("tune", "killed", *REQUEST), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((scene.store("killed") / "checkpoints").glob("*/*.safetensors")):
        assert running.poll() is None, running.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    done = scene.tune("killed", *REQUEST)
    assert done.returncode == 0, done.stderr
    assert trials(scene.store("killed")) == trials(quiet[0])
    keys = runs_in_mlflow(scene.store("killed"), "tiny-v1/tuning")
    assert len(keys) == len(set(keys))
    assert keys == runs_in_mlflow(quiet[0], "tiny-v1/tuning")
    assert done.stdout == quiet[1].stdout
    # Runs are counted, not the parts of runs between two marks, and the second command counts what the first had done.
    killed, last = plan_files.read(Store(scene.store("killed")))
    assert (killed.state, killed.most) == ("interrupted", 5 + 2 * 2)
    assert (last.state, last.done, last.most) == ("ended", 5 + 2 * 2, 5 + 2 * 2)


def test_trials_run_at_once_are_the_same_trials(scene, quiet):
    """All runs of a block are asked before any is waited for, so that they can be stacked."""
    done = scene.tune("stacked", "laplace", "--trials", "5", "--workers", "1", "--stack", "4", "--json")
    assert done.returncode == 0, done.stderr
    (study,) = json.loads(done.stdout)["studies"]
    assert (study["study"], study["entry"], study["target"], study["trials"]) == (NAME, "laplace", "v", 5)
    assert study["schedule"].startswith("laplace")
    for one, other in zip(trials(scene.store("stacked")), trials(quiet[0]), strict=True):
        assert (one[0], one[3]) == (other[0], other[3])
        assert one[4] == pytest.approx(other[4], rel=1e-3, abs=1e-3)
    tags = [run.data.tags.get("snrbench.stack") for run in search(Store(scene.store("stacked")), "tiny-v1/tuning")]
    assert tags.count("4") >= 4
    assert runs_in_mlflow(scene.store("stacked"), "tiny-v1/tuning") == runs_in_mlflow(quiet[0], "tiny-v1/tuning")


def test_what_was_found_is_scored_and_tagged(scene, quiet, snrbench):
    store, _ = quiet
    code, _, said = snrbench(*scene.words("run", "quiet", "-s", "laplace@tuned", "--seeds", "1", "--workers", "1")[1:])
    assert code == 0, said
    [run] = search(Store(store), "tiny-v1")
    tags = {key.removeprefix("snrbench."): value for key, value in run.data.tags.items()}
    assert (tags["entry"], tags["tuned"], tags["tuned_from"]) == ("laplace@tuned", "true", "laplace")
    assert tags["trials"] == "5"
    assert float(tags["tuning_seconds"]) > 0
    assert "test/excess" in run.data.metrics
    assert set(read_runs(store, "tiny-v1").tuned_from) == {"laplace"}


def test_done_already_it_does_nothing(scene, quiet, snrbench):
    before = trials(quiet[0])
    code, out, said = snrbench(*scene.words("tune", "quiet", *REQUEST)[1:])
    assert code == 0
    assert "1 of 1 study done already" in said
    assert out == quiet[1].stdout
    assert trials(quiet[0]) == before
    following = shlex.split(said.splitlines()[-1])
    assert following[:6] == ["next:", "snrbench", "run", "tiny-v1", "-s", "laplace"]
    assert snrbench(*following[2:], "--dry-run")[0] == 0, "it can be pasted"


def test_the_plan_alone_touches_nothing(tmp_path):
    """In a process of its own: `--all` would take the plugins of other tests too."""
    request = ("tune", "gmm-v1", "--all", "-t", "v", "-t", "x0", "--dry-run", "--store", tmp_path / "no")
    done = subprocess.run([SNRBENCH, *map(str, request)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    names, said = done.stdout.split(), done.stderr
    assert {"gmm-v1/v/cosine/native/sample", "gmm-v1/x0/preset/sd3/native/sample"} <= set(names)
    assert "24 trials × 2 seeds × 500 steps" in said
    assert f"{len(names) * 64 * 500:,} training steps at most" in said
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
    code, _, said = snrbench("tune", *words, "--store", tmp_path / "no")
    assert code == 2
    assert says in said
    assert len(said.strip().splitlines()) == 1
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
    code, _, said = snrbench("tune", "gmm-v1", "laplace", "--store", tmp_path / "store")
    assert code == 2
    assert says in said.splitlines()[-1]
    code, _, said = snrbench("run", "gmm-v1", "-s", "laplace@tuned", "--store", tmp_path / "store")
    assert code == 2
    assert says in said


def test_a_damaged_file_of_studies_is_one_line_and_says_what_helps(snrbench, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / "optuna.db").write_bytes(b"no database" * 1000)
    code, _, said = snrbench("run", "gmm-v1", "-s", "laplace@tuned", "--store", store)
    assert code == 2
    assert len(said.strip().splitlines()) == 1
    assert f"{store}/optuna.db cannot be used: file is not a database; restore a backup of it, or delete it" in said


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
    code, _, said = snrbench(*scene.words("tune", store, "laplace", "--trials", "6")[1:])
    assert code == 1
    assert says in said
    assert "the same command goes on" in said
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
    request = ("cosine", "-w", "bad_at_training", "--trials", "2", "--workers", "2", "--plugin", plugin)
    code, out, said = snrbench(*scene.words("tune", "bad", *request)[1:])
    assert code == 1
    assert "bad_at_training" in said
    assert "no trial could be confirmed" in out
