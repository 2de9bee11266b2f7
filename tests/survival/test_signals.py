"""Each signal that asks a command to stop, in mid-run: it writes its checkpoints and ends with the signal's code."""

import os
import signal
import time

import pytest

from scene import SNRBENCH, Scene, workers_of

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.survival
@pytest.mark.timeout(1800)
def test_a_command_stops_when_it_is_asked(tmp_path, form):
    """On the long form's track a checkpoint holds a network of images; the seconds that it takes are printed."""
    scene = Scene(tmp_path, steps=20_000)
    place = ["--track-plugin", str(scene.track)] if form(True, False) else []
    track = form("tiny-v1", "digits-v1")
    command = [SNRBENCH, "run", track, *place, "--device", "cpu", "--store", str(scene.store("store"))]
    for sent, code in CODES.items():
        running = scene.start_command([*command, "-s", "cosine", "--seeds", "4"])
        while not workers_of(running.pid):
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.05)
        time.sleep(form(1, 12))
        began = time.monotonic()
        os.killpg(running.pid, sent)
        _, said = running.communicate()
        assert running.returncode == code, (running.returncode, said)
        assert sent == signal.SIGHUP or "The same command goes on from here" in said
        print(f"{signal.Signals(sent).name}: {time.monotonic() - began:.1f} s, exit code {code}", flush=True)
