"""Takes the MLflow server away under a real command: for a while in mid-run, and for good.

Training must go on meanwhile. What was away for a while has every run once in the end; what was gone for good leaves
the results in the store, exit code 1, and `snrbench sync` records them when the server is back.
"""

import time

import pytest

from harness.cli import main
from scene import Scene, runs_in_mlflow, workers_of
from servers import mlflow_server

REQUEST = ("-s", "cosine", "-s", "laplace", "--workers", "1")


@pytest.mark.survival
@pytest.mark.timeout(3600)
def test_a_server_that_goes_away_loses_nothing(tmp_path, form, monkeypatch):
    scene = Scene(tmp_path, form(150, 1000), seconds=0.02)
    with mlflow_server(tmp_path / "server") as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        for_a_while(scene, server, seconds=form(2, 60), seeds=form(2, 4))
        for_good(scene, server, seeds=form(3, 5))


def for_a_while(scene, server, seconds, seeds):
    """Away in mid-run; results wait, and are recorded when it is back."""
    running = begun(scene, "--seeds", str(seeds))
    server.stop()
    while not results(scene):
        assert running.poll() is None, "it ended while the server was away"
        time.sleep(0.1)
    scene.hold.touch()  # so that the command outlasts the absence, however long the server takes to start
    time.sleep(seconds)
    server.start()
    scene.hold.unlink()
    _, err = running.communicate()
    assert running.returncode == 0, err
    assert err.count("MLflow does not take results") == err.count("MLflow takes results again") == 1, err
    assert not results(scene)
    recorded = runs_in_mlflow(scene.store("store"))
    assert len(recorded) == len(set(recorded)) == 2 * seeds, recorded


def for_good(scene, server, seeds):
    """Gone until the command has ended; `snrbench sync` records what it left."""
    running = begun(scene, "--seeds", str(seeds))
    server.stop()
    _, err = running.communicate()
    assert running.returncode == 1, err
    assert "`snrbench sync` records them" in err
    assert len(results(scene)) == 2, err
    server.start()
    assert main.exit_code(["sync", "--store", str(scene.store("store"))]) == 0
    recorded = runs_in_mlflow(scene.store("store"))
    assert len(recorded) == len(set(recorded)) == 2 * seeds, recorded
    assert not results(scene)


def begun(scene, *more):
    """A command whose workers are at their first runs."""
    running = scene.start("store", *REQUEST, *more)
    while not (list(scene.store("store").glob("checkpoints/*/*")) or results(scene)):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.1)
    assert workers_of(running.pid)
    return running


def results(scene):
    """What waits in the store to be recorded."""
    return list((scene.store("store") / "outbox").glob("[!.]*"))
