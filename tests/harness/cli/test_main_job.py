"""The main job with the real command: run, store, rank, run again, and what happens when runs fail."""

import hashlib
import json
import subprocess

import pytest

from forgotten_plugins import forgotten_afterwards
from harness.metrics import METRICS
from harness.results.mlflow_access.client import close_databases
from scene import SNRBENCH, Scene

BREAKS_LATE = """
import os
from scipy import stats
from schedules import register

class Late:
    def __init__(self, act): self.base, self.act, self.blocks = stats.laplace(0, 1), act, 0
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q):
        self.blocks += getattr(q, "shape", ()) == (5, 128)
        if self.blocks > 2:
            return self.act(q)
        return self.base.ppf(q)

def silent(q): raise NotImplementedError
def exits(q): raise SystemExit(3)
def killed(q): os.kill(os.getpid(), 9)

@register("late_silent", space={})
def late_silent(): return Late(silent)

@register("late_exit", space={})
def late_exit(): return Late(exits)

@register("late_kill", space={})
def late_kill(): return Late(killed)

@register("late_nan", space={})
def late_nan(): return Late(lambda q: q * float("nan"))
"""


OWN_METRICS = '''
from harness.metrics import Metric, register

COUNTED = {"better": "higher", "compare": "difference"}


@register(Metric("drawn", title="Samples", needs=("features",), **COUNTED))
def drawn(samples, reference):
    """How many samples there are."""
    return len(samples.features)


@register(Metric("points", title="Points", needs=("curve",), **COUNTED))
def points(curve, reference):
    return len(curve.logsnr)
'''
TRACK = "gmm-v1@0.4"
REQUEST = ("run", TRACK, "-s", "cosine", "-s", "laplace", "-t", "v", "--seeds", "2", "--device", "cpu")
TAGS = ["run_key", "protocol", "track", "schedule", "entry", "target", "weighting", "seed", "outcome", "source_hash"]


def rows(snrbench, store, *arguments, track=TRACK):
    code, out, err = snrbench("leaderboard", track, "--format", "json", "--store", store, *arguments)
    assert code == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a real benchmark: two schedules, two seeds, trained in worker processes; with metrics of its own in
    the file beside it."""
    folder = tmp_path_factory.mktemp("main-job") / "store"
    own = folder.with_name("own.py")
    own.write_text(OWN_METRICS)
    command = [SNRBENCH, *REQUEST, "--metric-plugin", str(own), "--store", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 finished" in done.stderr
    return folder


def test_leaderboard_ranks_what_was_trained(store, snrbench):
    entries = {row["entry"]: row for row in rows(snrbench, store) if row["target"] == "v"}
    assert set(entries) == {"cosine", "laplace"}
    assert entries["cosine"]["ratio"] == 1
    assert entries["laplace"]["seeds"] == 2
    assert entries["laplace"]["ci_low"] < entries["laplace"]["mean"] < entries["laplace"]["ci_high"]
    # The excess risk weighs every λ alike; a schedule that never visits the ends must lose on it.
    assert entries["laplace"]["ratio"] > 1.5
    needed = "rank entry schedule params weighting apply target metric guidance mean ci_low ci_high seeds ratio"
    for column in [*needed.split(), "ratio_low", "ratio_high", "speedup", "tuned", "floor"]:
        assert column in entries["laplace"]


def test_a_metric_from_one_file_stands_on_a_board(store, snrbench):
    """1024 samples and a curve of 33 points: so says the track. The other scores are those of any run."""
    code, _, err = snrbench("leaderboard", TRACK, "--metric", "drawn", "--store", store)
    assert code == 2
    assert "(one of your own comes with --metric-plugin FILE.py)" in err
    own = ("--metric-plugin", store.with_name("own.py"))
    try:
        for metric, value in (("drawn", 1024), ("points", 33)):
            board = rows(snrbench, store, "--metric", metric, *own)
            assert {(row["entry"], row["metric"], row["mean"]) for row in board if row["target"] == "v"} == {
                ("cosine", metric, value),
                ("laplace", metric, value),
            }
    finally:
        METRICS.forget(f"metric plugin {str(own[1])!r}")


def content_of(store):
    """Of the database, which is one file when no command is at work."""
    assert not (store / "mlflow.db-wal").exists(), "a command left a log that is not merged"
    return hashlib.sha256((store / "mlflow.db").read_bytes()).hexdigest()


def test_running_again_is_a_no_op(store, snrbench):
    before = content_of(store)
    code, _, err = snrbench(*REQUEST, "--store", store)
    assert code == 0
    assert "4 of 4 runs are already in the store" in err
    close_databases()  # as the end of a process does
    assert content_of(store) == before


def test_dry_run_names_what_is_missing_and_runs_nothing(store, snrbench):
    code, out, _ = snrbench(
        "run", TRACK, "-s", "laplace", "-s", "edm", "-t", "v", "--seeds", 2, "--store", store, "--dry-run"
    )
    assert code == 0
    assert [line.split("  ")[1] for line in out.splitlines()] == ["edm × v × seed 0", "edm × v × seed 1"]
    request = ("run", TRACK, "-s", "laplace", "-s", "edm", "-t", "v", "--seeds", 2, "--store", store)
    plan = json.loads(snrbench(*request, "--dry-run", "--json")[1])
    assert (plan["code"], plan["already"], plan["planned"]) == (0, 2, 2)
    assert [run["key"] for run in plan["runs"] if run["outcome"] == "planned"] == [
        line.split()[0] for line in out.splitlines()
    ]
    assert plan["cost"].startswith("2 runs")
    assert {row["entry"] for row in rows(snrbench, store)} == {"cosine", "laplace"}


def test_mlflow_holds_the_tags_of_the_design(store):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{store}/mlflow.db")
    experiment = client.get_experiment_by_name(TRACK)
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 4
    for run in runs:
        tags = run.data.tags
        assert all(tags[f"snrbench.{name}"] for name in TAGS)
        assert tags["snrbench.outcome"] == "finished"
        assert run.info.status == "FINISHED"
        assert len(client.get_metric_history(run.info.run_id, "test/excess")) == 3
        names = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {"curves.json", "ema.safetensors", "environment.json", "run.json"} <= names


def test_runs_that_break_in_mid_run_break_alone(tmp_path, snrbench):
    """Raising, exiting and dying fail the one run, by name; NaN is a result, diverged; the rest completes.

    Each failure costs a process: what does well goes before the last one.
    """
    plugin, scene = tmp_path / "late_plugin.py", Scene(tmp_path)
    plugin.write_text(BREAKS_LATE)
    schedules = ["late_exit", "late_kill", "late_nan", "cosine", "late_silent"]
    arguments = [argument for name in schedules for argument in ("-s", name)]
    words = scene.words("run", "store", *arguments, "--seeds", 1, "--workers", 1, "--plugin", plugin)
    with forgotten_afterwards():
        code, out, err = snrbench(*words, "--json")
        planned = snrbench(*words, "--dry-run")[1]
    assert code == 1
    summary = json.loads(out)
    assert (summary["code"], summary["finished"], summary["diverged"], summary["failed"]) == (1, 1, 1, 3)
    reasons = {run["entry"]: run.get("reason") for run in summary["runs"]}
    assert reasons["cosine"] is None
    assert reasons["late_silent"] == "NotImplementedError", "what has no text goes by its name"
    assert "Traceback" not in err
    err = " ".join(err.split())
    assert "1 finished, 1 diverged" in err
    assert "3 failed:" in err
    for entry in ("late_silent", "late_exit", "late_kill"):
        assert f"{entry} × v × seed 0: {reasons[entry]}" in err
    assert "late_exit × v × seed 0: SystemExit: 3" in err
    assert "late_kill × v × seed 0: its process died" in err
    assert "late_nan × v × seed 0: the loss is not finite" in err
    assert [line.split()[1] for line in planned.splitlines()] == ["late_exit", "late_kill", "late_silent"]

    status = json.loads(snrbench("status", "--store", scene.store("store"), "--json")[1])["tracks"]["tiny-v1"]
    assert (status["finished"], status["diverged"], status["failed"]) == (1, 1, 3)
