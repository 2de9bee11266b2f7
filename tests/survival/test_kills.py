"""Kills workers and commands with SIGKILL at random moments, goes on each time, and compares with a quiet run.

Moments fall in start-up, training, evaluation and upload. In the end every run must be in the store exactly once, with
values bit-identical to those of a store that nobody disturbed; the outbox and the checkpoints must be empty.
"""

import contextlib
import os
import random
import signal
import time

import pytest

from scene import Scene, runs_in_mlflow, scores, workers_of

SHORT = ("-s", "cosine", "-s", "infonoise", "--seeds", "1", "--workers", "2")
LONG = ("-s", "cosine", "-s", "laplace", "-s", "infonoise", "--seeds", "4", "--workers", "2")


@pytest.mark.survival
@pytest.mark.timeout(7200)
def test_killed_again_and_again_a_command_ends_as_if_nothing_had_been(tmp_path, form):
    scene, request, rng = Scene(tmp_path, form(200, 1000), seconds=0.01), form(SHORT, LONG), random.Random(0)
    began = time.monotonic()
    quiet = scene.run("quiet", *request)
    assert quiet.returncode == 0, quiet.stderr
    whole = time.monotonic() - began
    for kill in range(form(2, 12)):
        who = rng.choice(["worker", "command"])
        disturbed(scene, request, who, rng.uniform(0, whole / 3), rng)
        print(f"kill {kill + 1}: {who}; recorded {len(runs_in_mlflow(scene.store('disturbed')))}", flush=True)
    done = scene.run("disturbed", *request)
    again = scene.run("disturbed", *request)
    assert again.returncode == 0, done.stderr + again.stderr
    compare(scene, form(2, 12))


def disturbed(scene, request, who, after, rng):
    """Start the command, kill it or one of its workers then, and let a command whose worker died end."""
    running = scene.start("disturbed", *request)
    while not workers_of(running.pid) and running.poll() is None:
        time.sleep(0.05)
    time.sleep(after)
    victims = workers_of(running.pid) if who == "worker" else [running.pid]
    if victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(victims), signal.SIGKILL)
    if who == "worker":
        time.sleep(rng.uniform(0, 3))
        running.send_signal(signal.SIGTERM)
    _, err = running.communicate()
    assert "Traceback" not in err, err


def compare(scene, runs):
    """Nothing lost, nothing twice, nothing different."""
    quiet, other = scores(scene.store("quiet")), scores(scene.store("disturbed"))
    assert quiet, "nothing was recorded"
    assert quiet == other, f"{len(quiet.items() ^ other.items())} values differ"
    keys = runs_in_mlflow(scene.store("disturbed"))
    assert len(keys) == len(set(keys)) == runs, keys
    leftovers = [path.name for path in (scene.store("disturbed") / "outbox").iterdir() if not path.name.startswith(".")]
    assert not leftovers, leftovers
    leftovers = list((scene.store("disturbed") / "checkpoints").glob("*/*"))
    assert not leftovers, leftovers
