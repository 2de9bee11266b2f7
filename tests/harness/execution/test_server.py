"""A team's set-up, for real: MLflow on PostgreSQL behind a password, and Optuna's studies there too."""

import json
import sqlite3
import urllib.request
from base64 import b64encode
from contextlib import closing

import optuna
import pytest
from werkzeug.security import generate_password_hash

import in_this_process
from harness.cli import main
from harness.results import read, write
from harness.results.store import Store
from result_folders import written
from servers import mlflow_server, postgresql

pytestmark = pytest.mark.external

ADMIN = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "long-enough-password"}
MEMBER = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "another-long-password"}


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
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


def recorded(store, track="gmm-v1"):
    runs = read.search(store, track, "attributes.status = 'FINISHED'")
    return sorted(run.data.tags["snrbench.seed"] for run in runs)


def test_a_server_that_is_not_there_is_one_line_before_any_work(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main.exit_code(["run", "gmm-v1", "--store", str(tmp_path / "s")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "does not answer" in err
    assert "refused" in err


def test_a_team_benchmarks_and_tunes_on_its_servers(server, brief, monkeypatch, tmp_path, capsys):
    """In one life of the servers, which take longest to start: without the password nothing begins, members record into
    the same experiment, and a small benchmark and a study leave nothing in the store's folder."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("SNRBENCH_OPTUNA", server.studies)
    assert main.exit_code(["run", "gmm-v1", "--store", str(tmp_path / "s")]) == 2
    assert "MLFLOW_TRACKING_PASSWORD" in capsys.readouterr().err

    for seed, member in enumerate((ADMIN, MEMBER)):
        for name, value in member.items():
            monkeypatch.setenv(name, value)
        theirs = Store(tmp_path / str(seed))
        theirs.prepare()
        write.deliver(theirs, written(theirs, seed))
    assert recorded(Store(tmp_path / "0")) == ["0", "1"]

    store = Store(tmp_path / "store")
    place = ["--track-plugin", str(brief.track), "--store", str(store.root), "--device", "cpu"]
    place += ["--executor", in_this_process.FILE]  # workers do not talk to the servers
    assert main.exit_code(["run", "brief-v1", "-s", "cosine", "-s", "laplace", "--seeds", "1", *place]) == 0
    assert capsys.readouterr().out == ""
    assert recorded(store, "brief-v1") == ["0", "0"]
    assert set(read.read_runs(store.root, "brief-v1").entry) == {"cosine", "laplace"}
    run = next(read.search(store, "brief-v1"))
    assert read.artifact(store.root, run.info.run_id, "environment.json") is not None

    assert main.exit_code(["tune", "brief-v1", "laplace", "--trials", "2", "--seeds", "1", *place]) == 0
    study = optuna.load_study(study_name="brief-v1/v/laplace/native/sample", storage=server.studies)
    assert [trial.number for trial in study.trials if trial.state.is_finished()] == [0, 1]
    assert {run.data.tags["snrbench.trial"] for run in read.search(store, "brief-v1/tuning")} == {"0", "1"}
    assert not list(store.root.rglob("*.db")), "everything is on the servers"
