"""The first command on a new store, killed with all its processes while it sets itself up: repeated, it completes."""

import os
import random
import signal
import subprocess
import time

import pytest

from scene import Scene, runs_in_mlflow

REQUEST = ("store", "-s", "cosine", "--seeds", "1", "--workers", "1")


@pytest.mark.survival
@pytest.mark.timeout(7200)
def test_a_first_start_that_was_killed_completes_when_it_is_repeated(tmp_path, form):
    """At random moments of imports, of the making of databases, of a worker's start and of its first run."""
    rng, began = random.Random(0), time.monotonic()
    assert Scene(tmp_path / "undisturbed", steps=20).run(*REQUEST).returncode == 0
    whole = time.monotonic() - began
    for number in range(form(2, 40)):
        scene, seconds = Scene(tmp_path / str(number), steps=20), rng.uniform(0, whole)
        killed_after(scene, seconds)
        done = scene.run(*REQUEST)
        assert done.returncode == 0, (seconds, done.stderr)
        assert len(runs_in_mlflow(scene.store("store"))) == 1, seconds
        leftovers = [path.name for path in scene.store("store").iterdir() if ".new" in path.name]
        assert not leftovers, (seconds, leftovers)
        print(f"killed after {seconds:.1f} of {whole:.1f} s, completed", flush=True)


def killed_after(scene, seconds):
    """Start the command, and kill its group at that moment; it may have ended before."""
    running = scene.start(*REQUEST)
    try:
        running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
