"""Kills workers and commands with SIGKILL at random moments, goes on each time, and compares with a quiet run.

    python tests/survival/kills.py [--kills 12] [--seed 0] [--folder DIR]

Moments fall in start-up, training, evaluation and upload. In the end every run must be in the store exactly once, with
values bit-identical to those of a store that nobody disturbed; the outbox and the checkpoints must be empty.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scene import Scene, runs_in_mlflow, scores, workers_of

REQUEST = ("-s", "cosine", "-s", "laplace", "-s", "infonoise", "--seeds", "4", "--workers", "2")


def main() -> None:
    """Run the loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        scene = Scene(options.folder or Path(scratch), options.steps)
        began = time.monotonic()
        quiet = scene.run("quiet", *REQUEST)
        assert quiet.returncode == 0, quiet.stderr
        whole = time.monotonic() - began
        print(f"undisturbed: {whole:.0f} s")
        for kill in range(options.kills):
            who = rng.choice(["worker", "command"])
            disturbed(scene, who, rng.uniform(0, whole / 3), rng)
            print(f"kill {kill + 1}: {who}; recorded {len(runs_in_mlflow(scene.store('disturbed')))}", flush=True)
        done = scene.run("disturbed", *REQUEST)
        again = scene.run("disturbed", *REQUEST)
        assert again.returncode == 0, done.stderr + again.stderr
        compare(scene)


def disturbed(scene: Scene, who: str, after: float, rng: random.Random) -> None:
    """Start the command, kill it or one of its workers then, and let a command whose worker died end."""
    running = scene.start("disturbed", *REQUEST)
    deadline = time.monotonic() + 120
    while not workers_of(running.pid) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(after)
    victims = workers_of(running.pid) if who == "worker" else [running.pid]
    if victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(victims), signal.SIGKILL)
    if who == "worker":
        time.sleep(rng.uniform(0, 3))
        running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=120)
    assert "Traceback" not in said, said


def compare(scene: Scene) -> None:
    """Nothing lost, nothing twice, nothing different."""
    quiet, other = scores(scene.store("quiet")), scores(scene.store("disturbed"))
    assert quiet, "nothing was recorded"
    assert quiet == other, f"{len(quiet.items() ^ other.items())} values differ"
    keys = runs_in_mlflow(scene.store("disturbed"))
    assert len(keys) == len(set(keys)) == 12, keys
    left = [path.name for path in (scene.store("disturbed") / "outbox").iterdir() if not path.name.startswith(".")]
    assert not left, left
    left = list((scene.store("disturbed") / "checkpoints").glob("*/*"))
    assert not left, left
    print(f"{len(keys)} runs, each once; {len(quiet)} values bit-identical")


if __name__ == "__main__":
    main()
