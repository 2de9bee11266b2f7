"""A team's set-up, for real: MLflow on PostgreSQL behind a password, worker processes, a server that goes away."""

import json
import os
import sqlite3
import time
import urllib.request
from base64 import b64encode
from contextlib import closing

import optuna
import pytest
from werkzeug.security import generate_password_hash

from harness.cli import main
from harness.results import delivery as courier_module
from harness.results import read, write
from harness.results.delivery import Courier
from harness.results.store import Store
from result_folders import written
from scene import SNRBENCH, Scene
from servers import mlflow_server, postgresql

ADMIN = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "long-enough-password"}
MEMBER = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "another-long-password"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = EDIT\ndatabase_uri = sqlite:///auth.db\nadmin_username = admin\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    secrets = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN["MLFLOW_TRACKING_PASSWORD"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of the test",
    }
    with (
        postgresql("mlflow", "studies") as urls,
        mlflow_server(folder, urls["mlflow"], "--app-name", "basic-auth", **secrets) as up,
    ):
        credentials = f"{ADMIN['MLFLOW_TRACKING_USERNAME']}:{ADMIN['MLFLOW_TRACKING_PASSWORD']}"
        request = urllib.request.Request(
            f"{up.uri}/api/2.0/mlflow/users/create",
            json.dumps({"username": "ada", "password": MEMBER["MLFLOW_TRACKING_PASSWORD"]}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Basic {b64encode(credentials.encode()).decode()}"},
        )
        urllib.request.urlopen(request, timeout=60).close()
        _cheapen(folder / "auth.db")
        up.studies = urls["studies"]
        yield up


def _cheapen(users):
    """Passwords are hashed so that a guess costs 0.1 s; every request of a test would pay that."""
    cheap = "pbkdf2:sha256:1000"
    with closing(sqlite3.connect(users)) as database, database:
        for who in (ADMIN, MEMBER):
            name, password = who.values()
            stored = (generate_password_hash(password, cheap), name)
            assert database.execute("UPDATE users SET password_hash = ? WHERE username = ?", stored).rowcount == 1


@pytest.fixture
def team(server, monkeypatch):
    """The environment that a member of the team sets."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("SNRBENCH_OPTUNA", server.studies)
    for name, value in MEMBER.items():
        monkeypatch.setenv(name, value)


def recorded(store, track="gmm-v1"):
    found = read.search(store, track, "attributes.status = 'FINISHED'")
    return sorted(run.data.tags["snrbench.seed"] for run in found)


def test_without_the_password_nothing_begins(server, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    assert main.exit_code(["run", "gmm-v1", "--store", str(tmp_path / "s")]) == 2
    assert "MLFLOW_TRACKING_PASSWORD" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_one_line_before_any_work(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main.exit_code(["run", "gmm-v1", "--store", str(tmp_path / "s")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "does not answer" in said
    assert "refused" in said


def test_four_workers_benchmark_and_tune_on_the_servers(team, server, tmp_path):
    """A small benchmark and a study, four worker processes each: MLflow and Optuna both on PostgreSQL."""
    scene = Scene(tmp_path)
    done = scene.run("store", "-s", "cosine", "-s", "laplace", "--seeds", "2", "--workers", "4")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    store = Store(scene.store("store"))
    assert recorded(store, "tiny-v1") == ["0", "0", "1", "1"]
    table = read.read_runs(store.root, "tiny-v1")
    assert set(table.entry) == {"cosine", "laplace"}
    assert not (store.root / "mlflow.db").exists()
    run = next(read.search(store, "tiny-v1"))
    assert read.artifact(store.root, run.info.run_id, "environment.json") is not None

    _, _, *rest = scene.command("store", "laplace", "--trials", "4", "--seeds", "1", "--workers", "4")
    tuning = scene.start_command([SNRBENCH, "tune", *rest])
    _, said = tuning.communicate(timeout=280)
    assert tuning.returncode == 0, said
    study = optuna.load_study(study_name="tiny-v1/v/laplace/native/sample", storage=server.studies)
    assert [trial.number for trial in study.trials if trial.state.is_finished()] == [0, 1, 2, 3]
    assert not list(scene.folder.rglob("*.db")), "everything is on the servers"
    trials = {run.data.tags["snrbench.trial"] for run in read.search(store, "tiny-v1/tuning")}
    assert trials == {"0", "1", "2", "3"}


def test_a_server_that_goes_away_and_comes_back(team, server, tmp_path, monkeypatch, capsys):
    """Away in mid-command: results wait and are delivered. Away for good: they are kept, and `sync` records them."""
    monkeypatch.setattr(courier_module, "RETRY_SECONDS", 0.2)
    store, said = Store(tmp_path / "store"), []
    store.prepare()
    courier = Courier(store, said.append)
    server.stop()
    courier.send(written(store, 0))
    courier.send(written(store, 1))
    while not said:
        time.sleep(0.05)
    assert "does not take results" in said[0]
    server.start()
    assert courier.close() == 0
    assert recorded(store) == ["0", "1"]

    courier = Courier(store, said.append)
    server.stop()
    courier.send(written(store, 2))
    assert courier.close() == 1
    assert len(write.waiting(store)) == 1
    server.start()
    assert main.exit_code(["sync", "--store", str(store.root)]) == 0
    assert "recorded 1 result" in capsys.readouterr().out
    assert recorded(store) == ["0", "1", "2"]
    assert os.listdir(store.outbox) == [".locks"]
    assert main.exit_code(["sync", "--json", "--store", str(store.root)]) == 0
    assert json.loads(capsys.readouterr().out) == {"recorded": 0, "left": 0, "set_aside": 0, "code": 0}


def test_members_record_into_the_same_experiment(team, monkeypatch, tmp_path):
    first = Store(tmp_path / "first")
    first.prepare()
    before = len(recorded(first))
    write.deliver(first, written(first, 5))
    for name, value in ADMIN.items():
        monkeypatch.setenv(name, value)
    second = Store(tmp_path / "second")
    second.prepare()
    write.deliver(second, written(second, 6))
    assert recorded(first)[before:] == ["5", "6"]
