"""Eight commands at once on one new store, training, recording and tuning: nothing lost, nothing locked.

    python tests/survival/together.py [--commands 8]

Each command has an entry of its own and shares another one with all; two of them tune the same schedule. In the end
each run of the request counts once, and no command has said a word of a database that is locked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scene import SNRBENCH, Scene, runs_in_mlflow, scores

TUNING = ("laplace", "--trials", "8", "--seeds", "1", "--workers", "1")


def main() -> None:
    """Start all, wait for all, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene, began = Scene(Path(folder), 60), time.monotonic()
        running = [
            scene.start("store", "-s", f"laplace:loc={number / 10}", "-s", "cosine", "--seeds", "2", "--workers", "1")
            for number in range(options.commands - 2)
        ]
        _, _, *words = scene.command("store", *TUNING)
        running += [scene.start_command([SNRBENCH, "tune", *words]) for _ in range(2)]
        for command in running:
            _, said = command.communicate(timeout=900)
            assert command.returncode == 0, said
            assert "locked" not in said, said
            assert "Traceback" not in said, said
        recorded = set(runs_in_mlflow(scene.store("store")))
        wanted = 2 * (options.commands - 2) + 2
        assert len(recorded) == wanted, f"{len(recorded)} of {wanted} runs"
        assert len({key for key, *_ in scores(scene.store("store"))}) == wanted
        tuned = runs_in_mlflow(scene.store("store"), "tiny-v1/tuning")
        print(
            f"{options.commands} commands at once: {len(recorded)} runs and {len(set(tuned))} of tuning recorded "
            f"in {time.monotonic() - began:.0f} s"
        )


if __name__ == "__main__":
    main()
