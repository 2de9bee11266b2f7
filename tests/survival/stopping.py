"""Measures how long a command takes to stop, checkpoints written, for each signal and in several moments.

python tests/survival/stopping.py [--track digits-v1]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from scene import SNRBENCH, Scene, workers_of

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def main() -> None:
    """Stop a command a few times and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", default="digits-v1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        command = [SNRBENCH, "run", options.track, "--device", "cpu", "--store", str(scene.store("store"))]
        for number, (sent, code) in enumerate(CODES.items()):
            running = scene.start_command([*command, "-s", "cosine", "--seeds", "4"])
            while not workers_of(running.pid):
                time.sleep(0.05)
            time.sleep(10 + 4 * number)
            began = time.monotonic()
            os.killpg(running.pid, sent)
            _, said = running.communicate(timeout=60)
            seconds = time.monotonic() - began
            assert running.returncode == code, (running.returncode, said)
            print(f"{signal.Signals(sent).name}: {seconds:.1f} s, exit code {code}", flush=True)


if __name__ == "__main__":
    main()
