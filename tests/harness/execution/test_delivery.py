"""Results reach MLflow once, whoever delivers them, and wait where it does not take them."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time

import pytest

from harness.cli import main
from harness.results import delivery as courier_module
from harness.results import read, run_folder, write
from harness.results.delivery import Courier
from harness.results.mlflow_access.client import close_databases
from harness.results.store import Store
from harness.runs.run import RunResult
from harness.specs import Entry, RunSpec
from result_folders import CPU, written


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("empty") / "store")
    store.prepare()
    close_databases()
    return store.root


@pytest.fixture
def store(empty, tmp_path):
    opened = Store(shutil.copytree(empty, tmp_path / "store"))
    opened.prepare()
    return opened


def recorded(store):
    return sorted(
        run.data.tags["snrbench.seed"] for run in read.search(store, "gmm-v1", "attributes.status = 'FINISHED'")
    )


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_results_are_delivered_in_the_background(store):
    messages = []
    courier = Courier(store, messages.append)
    for seed in range(3):
        courier.send(written(store, seed))
    assert courier.close() == 0
    assert recorded(store) == ["0", "1", "2"]
    assert write.waiting(store) == []
    assert messages == []


def test_what_mlflow_does_not_take_waits_and_is_delivered_when_it_does(store, monkeypatch):
    """One line when it goes away, one when it is back; nothing is lost in between, and nothing blocks."""
    messages, away = [], True
    real = store.client.create_run

    def create_run(*arguments, **named):
        if away:
            raise ConnectionError("refused")
        return real(*arguments, **named)

    monkeypatch.setattr(store.client, "create_run", create_run)
    monkeypatch.setattr(courier_module, "RETRY_SECONDS", 0.1)
    courier = Courier(store, messages.append)
    for seed in range(3):
        courier.send(written(store, seed))
    until(lambda: messages)
    time.sleep(0.5)
    assert len(messages) == 1
    assert "does not take results (refused)" in messages[0]
    assert len(write.waiting(store)) == 3
    away = False
    until(lambda: not write.waiting(store))
    assert courier.close() == 0
    assert messages[1:] == ["MLflow takes results again"]
    assert recorded(store) == ["0", "1", "2"]


def test_what_is_left_at_the_end_is_counted_and_kept_for_sync(store, monkeypatch, capsys):
    def refused(*_, **__):
        raise ConnectionError("refused")

    with monkeypatch.context() as away:
        away.setattr(store.client, "create_run", refused)
        courier = Courier(store, lambda line: None)
        courier.send(written(store))
        assert courier.close() == 1
    assert len(write.waiting(store)) == 1
    assert main.exit_code(["sync", "--store", str(store.root)]) == 0
    assert "recorded 1 result" in capsys.readouterr().out
    assert recorded(store) == ["0"]
    assert os.listdir(store.outbox) == [".locks"]
    assert main.exit_code(["sync", "--json", "--store", str(store.root)]) == 0
    assert json.loads(capsys.readouterr().out) == {"recorded": 0, "left": 0, "set_aside": 0, "code": 0}


def test_a_result_that_cannot_be_read_holds_up_no_other(store):
    messages = []
    broken, well = written(store, 0), written(store, 1)
    (broken / "run.json").write_text('{"name": ')
    courier = Courier(store, messages.append)
    courier.send(broken)
    courier.send(well)
    assert (courier.close(), courier.damaged) == (0, 1)
    assert str(broken) in messages[0]
    assert recorded(store) == ["1"]


ODD = {
    "nothing in it": '{"name": "x", "outcome": "finished", "tags": {}, "params": {}, "metrics": []}',
    "no object": "[]",
    "no JSON": '{"name": ',
    "no file": None,
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_an_odd_folder_in_the_outbox_is_set_aside_and_the_rest_goes_on(store, content, capsys):
    odd = store.outbox / "odd"
    (odd / "artifacts").mkdir(parents=True)
    (odd / "run.json").mkdir() if content is None else (odd / "run.json").write_text(content)
    written(store, 1)
    command = ["run", "gmm-v1", "--failed", "--store", str(store.root)]  # of which nothing is left to run
    assert main.exit_code(command) == 0
    err = " ".join(capsys.readouterr().err.split())
    assert f"result {odd} cannot be read: " in err
    assert f"it was set aside, in {store.set_aside / 'odd'}" in err
    assert recorded(store) == ["1"]
    assert (store.set_aside / "odd" / "why.txt").read_text().strip() in err
    assert main.exit_code(command) == 0
    assert str(odd) not in capsys.readouterr().err
    assert main.exit_code(["status", "--store", str(store.root)]) == 0
    assert f"1 result set aside in {store.set_aside}" in capsys.readouterr().out


def test_what_mlflow_refuses_is_set_aside_and_leaves_no_run(store):
    messages = []
    folder = written(store, 0)
    record = json.loads((folder / "run.json").read_text())
    record["metrics"].append(["what a name?", 1.0, 0])
    (folder / "run.json").write_text(json.dumps(record))
    written(store, 1)
    assert write.deliver_all(store, messages.append) == 1
    assert "is refused by MLflow" in messages[0]
    assert "what a name?" in messages[0]
    assert (store.set_aside / folder.name / "run.json").exists()
    assert [run.data.tags["snrbench.seed"] for run in read.search(store, "gmm-v1")] == ["1"]


def test_a_deleted_experiment_is_said_before_any_training_with_what_restores_it(store, capsys, monkeypatch):
    write.deliver(store, written(store, 0))
    store.client.delete_experiment(store.experiment("gmm-v1"))
    folder, other = written(store, 1), written(store, 2)
    for command in (["run", "gmm-v1"], ["tune", "gmm-v1", "laplace"]):
        for dry in ([], ["--dry-run"]):
            assert main.exit_code([*command, *dry, "--device", "cpu", "--store", str(store.root)]) == 2
            err = " ".join(capsys.readouterr().err.split())
            assert "the experiment gmm-v1 was deleted in MLflow" in err
        assert write.waiting(store) == [folder, other], "nothing is lost, and nothing was trained"
    courier = Courier(store, print)
    courier.send(folder)
    assert courier.close() == 1
    assert "was deleted in MLflow" in capsys.readouterr().out
    words = shlex.split(err.rpartition("restored: ")[2])
    name, _, value = words[0].partition("=")
    monkeypatch.setenv(name, value)
    from mlflow.experiments import commands

    assert words[1:3] == ["mlflow", "experiments"]
    commands(words[3:], standalone_mode=False)
    monkeypatch.delenv(name)
    assert write.deliver_all(store) == 2
    assert recorded(store) == ["0", "1", "2"]


def test_a_full_disk_is_told_from_a_server_that_is_away(store, monkeypatch):
    import sqlite3

    def full(*_, **__):
        raise RuntimeError("of MLflow") from sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store.client, "create_run", full)
    courier = Courier(store, lambda line: None)
    courier.send(written(store))
    until(lambda: courier.full)
    assert courier.close() == 1
    assert len(write.waiting(store)) == 1


def test_a_pruned_tuning_run_has_an_experiment_of_its_own(store):
    spec = RunSpec(track="gmm-v1", target="v", entry=Entry.of("cosine"), seed=0, study="a/b", trial=7)
    result = RunResult(spec, outcome="pruned", reason="hopeless")
    write.deliver(store, run_folder.write(store.outbox, result, CPU, 2.0, 1.0))
    (run,) = read.search(store, "gmm-v1/tuning")
    assert run.info.status == "KILLED"
    assert run.data.tags["snrbench.study"] == "a/b"
    assert run.data.tags["snrbench.trial"] == "7"
    assert run.info.start_time == run.info.end_time == 2000, "the clock was set back in mid-run"
    assert recorded(store) == []
    assert read.artifact(store.root, run.info.run_id, "run.json") is not None


DELIVERERS = """
import os, sys
import mlflow
from harness.results.store import Store
from harness.results.write import deliver_all
for line in sys.stdin:
    count, root = line.rstrip().split(maxsplit=1)
    children = []
    for _ in range(int(count)):
        child = os.fork()
        if child == 0:
            store = Store(root)
            store.prepare()
            os._exit(100 + deliver_all(store))
        children.append(child)
    print(*children, flush=True)
    print(*[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], flush=True)
"""


@pytest.fixture(scope="module")
def deliverers(tmp_path_factory):
    """Has so many processes deliver a store's outbox at once: their ids, and what gives their exit codes."""
    complaints = tmp_path_factory.mktemp("deliverers") / "complaints"
    with (
        complaints.open("w") as file,
        subprocess.Popen(
            [sys.executable, "-c", DELIVERERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True
        ) as running,
    ):

        def numbers():
            return [int(word) for word in running.stdout.readline().split()]

        def codes():
            ended = numbers()
            assert "locked" not in complaints.read_text()
            return ended

        def begun(store, count):
            print(count, store.root, file=running.stdin, flush=True)
            return numbers(), codes

        yield begun


def test_processes_deliver_from_one_outbox_at_once(store, deliverers):
    """Also into an experiment that none of them has made yet: each result once, and no locked database."""
    for seed in range(12):
        written(store, seed)
    _, codes = deliverers(store, 4)
    delivered = [code - 100 for code in codes()]
    assert min(delivered) >= 0
    assert sum(delivered) == 12
    assert recorded(store) == sorted(str(seed) for seed in range(12))
    assert list(store.outbox.glob("[!.]*")) == list((store.outbox / ".locks").iterdir()) == []


def test_a_deliverer_killed_in_the_middle_leaves_its_result_to_the_next(store, deliverers):
    for seed in range(16):
        written(store, seed)
    (pid,), codes = deliverers(store, 1)
    while len(write.waiting(store)) == 16:
        time.sleep(0.002)
    os.kill(pid, 9)
    assert codes() == [-9]
    write.deliver_all(store)
    assert recorded(store) == sorted(str(seed) for seed in range(16))
