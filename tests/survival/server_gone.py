"""Takes the MLflow server away under a real command: for a minute in mid-run, and for good.

    python tests/survival/server_gone.py [--away 60] [--steps 1200]

Training must go on meanwhile. What was away for a minute has every run once in the end; what was gone for good leaves
the results in the store, exit code 1, and `snrbench sync` records them when the server is back.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scene import SNRBENCH, Scene, runs_in_mlflow, workers_of
from servers import MLflowServer, mlflow_server

REQUEST = ("-s", "cosine", "-s", "laplace", "--workers", "2")


def main() -> None:
    """Both, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=60.0, help="seconds")
    parser.add_argument(
        "--steps",
        type=int,
        default=3000,
        help="of a run; two in turn must outlast it",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), options.steps)
        with mlflow_server(Path(folder) / "server") as server:
            os.environ["MLFLOW_TRACKING_URI"] = server.uri
            for_a_while(scene, server, options.away)
            for_good(scene, server)


def for_a_while(scene: Scene, server: MLflowServer, seconds: float) -> None:
    """Away in mid-run; results wait, and are recorded when it is back."""
    running = begun(scene, "--seeds", "4")
    server.stop()
    back = time.monotonic() + seconds
    while time.monotonic() < back or not results(scene):
        assert running.poll() is None, "it ended while the server was away; give more --steps"
        time.sleep(0.1)
    waited = len(results(scene))
    server.start()
    _, said = running.communicate(timeout=900)
    assert running.returncode == 0, said
    assert said.count("MLflow does not take results") == said.count("MLflow takes results again") == 1, said
    assert not results(scene)
    recorded = runs_in_mlflow(scene.store("store"))
    assert len(recorded) == len(set(recorded)) == 8, recorded
    print(f"away for {seconds:.0f} s: {waited} results had to wait; 8 runs, each once", flush=True)


def for_good(scene: Scene, server: MLflowServer) -> None:
    """Gone until the command has ended; `snrbench sync` records what it left."""
    running = begun(scene, "--seeds", "5")
    server.stop()
    _, said = running.communicate(timeout=900)
    assert running.returncode == 1, said
    assert "`snrbench sync` records them" in said
    waiting = results(scene)
    assert len(waiting) == 2, said
    server.start()
    synchronise(scene)
    recorded = runs_in_mlflow(scene.store("store"))
    assert len(recorded) == len(set(recorded)) == 10, recorded
    assert not results(scene)
    print(f"gone for good: {len(waiting)} results were kept, `snrbench sync` recorded them; 10 runs, each once")


def begun(scene: Scene, *more: str) -> subprocess.Popen[str]:
    """A command whose workers are at their first runs."""
    running = scene.start("store", *REQUEST, *more)
    while not (list(scene.store("store").glob("checkpoints/*/*")) or results(scene)):
        assert running.poll() is None, running.stderr and running.stderr.read()
        time.sleep(0.1)
    assert workers_of(running.pid)
    return running


def results(scene: Scene) -> list[Path]:
    """What waits in the store to be recorded."""
    return list((scene.store("store") / "outbox").glob("[!.]*"))


def synchronise(scene: Scene) -> None:
    """`snrbench sync`."""
    command = [SNRBENCH, "sync", "--store", str(scene.store("store"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
