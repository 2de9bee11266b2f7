"""The main job with the real command: run, store, rank, run again, and what happens when runs fail."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SNRBENCH = str(Path(sys.executable).with_name("snrbench"))

RAISES_LATE = """
import os
from scipy import stats
from schedules import register

class Late:
    def __init__(self): self.base, self.calls = stats.laplace(0, 1), 0
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q):
        self.calls += 1
        if getattr(q, "size", 1) > 1000 and self.calls > 4:
            {action}
        return self.base.ppf(q)

@register("late", space={{}})
def late():
    return Late()
"""


TAGS = ["run_key", "protocol", "track", "schedule", "entry", "target", "weighting", "seed", "outcome", "source_hash"]


def call(*arguments, **options):
    return subprocess.run(
        [SNRBENCH, *map(str, arguments)], capture_output=True, text=True, timeout=280, check=False, **options
    )


def rows(store, *arguments):
    done = call("leaderboard", "gmm-v1", "--format", "json", "--store", store, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a real benchmark: two schedules, two seeds, gmm-v1, trained in two processes."""
    folder = tmp_path_factory.mktemp("main-job") / "store"
    done = call("run", "gmm-v1", "-s", "cosine", "-s", "laplace", "--seeds", 2, "--device", "cpu", "--store", folder)
    assert done.returncode == 0, done.stderr
    assert "4 finished" in done.stderr
    return folder


def test_leaderboard_ranks_what_was_trained(store):
    found = {row["entry"]: row for row in rows(store) if row["target"] == "v"}
    assert set(found) == {"cosine", "laplace"}
    assert found["cosine"]["ratio"] == 1
    assert found["laplace"]["seeds"] == 2
    assert found["laplace"]["ci_low"] < found["laplace"]["mean"] < found["laplace"]["ci_high"]
    # The excess risk weighs every λ alike; a schedule that never visits the ends must lose on it.
    assert found["laplace"]["ratio"] > 1.5
    needed = "rank entry schedule params weighting apply target metric guidance mean ci_low ci_high seeds ratio"
    for column in [*needed.split(), "ratio_low", "ratio_high", "speedup", "tuned", "floor"]:
        assert column in found["laplace"]


def test_running_again_is_a_no_op(store):
    started = time.monotonic()
    done = call("run", "gmm-v1", "-s", "cosine", "-s", "laplace", "--seeds", 2, "--device", "cpu", "--store", store)
    assert done.returncode == 0
    assert "4 of 4 runs are already in the store" in done.stderr
    assert time.monotonic() - started < 60, "nothing may be trained again"


def test_dry_run_names_what_is_missing_and_runs_nothing(store):
    done = call("run", "gmm-v1", "-s", "laplace", "-s", "edm", "--seeds", 2, "--store", store, "--dry-run")
    assert done.returncode == 0
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == ["edm × v × seed 0", "edm × v × seed 1"]
    assert len(rows(store)) == len(rows(store, "--metric", "excess"))


def test_mlflow_holds_the_tags_of_the_design(store):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{store}/mlflow.db")
    experiment = client.get_experiment_by_name("gmm-v1")
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


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("raise RuntimeError('plugin broke')", "plugin broke"),
        ("raise SystemExit(3)", "SystemExit"),
        ("os.kill(os.getpid(), 9)", "process died"),
    ],
)
def test_a_plugin_that_fails_in_mid_run_fails_alone(store, tmp_path, action, reason):
    plugin = tmp_path / "late_plugin.py"
    plugin.write_text(RAISES_LATE.format(action=action))
    done = call(
        "run", "gmm-v1", "-s", "late", "-s", "cosine", "--seeds", 1, "--device", "cpu", "--force",
        "--plugin", plugin, "--store", tmp_path / "store",
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 finished" in done.stderr
    assert "late × v × seed 0" in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert {row["entry"] for row in rows(tmp_path / "store")} == {"cosine"}


def test_a_plugin_that_returns_nan_in_mid_run_is_recorded_as_diverged(tmp_path):
    plugin = tmp_path / "late_plugin.py"
    plugin.write_text(RAISES_LATE.format(action="return q * float('nan')"))
    arguments = ("run", "gmm-v1", "-s", "late", "--seeds", 1, "--device", "cpu", "--plugin", plugin)
    done = call(*arguments, "--store", tmp_path / "store")
    assert done.returncode == 0
    assert "diverged: late × v × seed 0: the loss is not finite" in done.stderr
    status = call("status", "--store", tmp_path / "store", "--json")
    assert json.loads(status.stdout)["tracks"]["gmm-v1"]["diverged"] == 1
    again = call(*arguments, "--store", tmp_path / "store")
    assert "already in the store" in again.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_command_keeps_what_is_finished_and_leaves_no_process(tmp_path, sent):
    """Ctrl-C and kill -9 of the parent: the same command goes on; nothing counts twice."""
    arguments = ["run", "gmm-v1", "-s", "cosine", "--seeds", "4", "--workers", "1", "--device", "cpu"]
    command = [SNRBENCH, *arguments, "--store", str(tmp_path / "store")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    database = tmp_path / "store" / "mlflow.db"
    while time.monotonic() < deadline and not (database.exists() and finished_runs(tmp_path / "store")):
        time.sleep(0.5)
    os.kill(running.pid, sent) if sent == signal.SIGKILL else os.killpg(running.pid, sent)
    _, err = running.communicate(timeout=30)
    if sent == signal.SIGINT:
        assert running.returncode == 130
        assert "The same command goes on from here" in err
    wait_for_no_process_of(running.pid)
    before = finished_runs(tmp_path / "store")
    assert before >= 1
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert finished_runs(tmp_path / "store") == 4
    (row,) = [row for row in rows(tmp_path / "store") if row["target"] == "v"]
    assert row["seeds"] == 4


def finished_runs(store):
    import sqlite3

    try:
        with sqlite3.connect(f"file:{store}/mlflow.db?mode=ro", uri=True) as connection:
            return connection.execute("select count(*) from runs where status = 'FINISHED'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def wait_for_no_process_of(group):
    """Workers notice that their parent is gone and leave within seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a worker outlived its parent")
