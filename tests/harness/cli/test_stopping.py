"""Commands that are stopped or killed in mid-run: the same command goes on, and in the end nothing differs."""

import os
import signal
import time
from pathlib import Path

import pytest
import torch

from harness import tracks
from harness.execution import plan_files
from harness.results.store import Store
from harness.runs.run import bench, execute
from harness.specs import Entry, RunSpec
from harness.tracks.plugins import load_plugin
from scene import Scene, runs_in_mlflow, scores, workers_of

REQUEST = ("-s", "infonoise", "--seeds", "1", "--workers", "1")
SECONDS_TO_STOP = 60  # of a loaded machine; tests/survival/test_signals.py measures


@pytest.fixture
def scene(tmp_path):
    yield Scene(tmp_path, steps=2000)  # long enough to be stopped twice, on a fast machine too
    tracks.TRACKS.pop("tiny-v1", None)
    bench.cache_clear()


def started(scene):
    """A command in the middle of its run: it has written a checkpoint."""
    before = newest_checkpoint(scene)
    running = scene.start("store", *REQUEST)
    while newest_checkpoint(scene) <= before:
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.02)
    return running, workers_of(running.pid)


def newest_checkpoint(scene):
    files = list((scene.store("store") / "checkpoints").glob("*/*.safetensors"))
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


def left_alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_stopped_and_killed_it_goes_on_and_ends_as_if_nothing_had_been(scene):
    running, workers = started(scene)
    os.killpg(running.pid, signal.SIGTERM)
    _, said = running.communicate(timeout=SECONDS_TO_STOP)
    assert running.returncode == 143
    assert "The same command goes on from here" in said
    assert "Traceback" not in said
    assert workers
    assert not left_alive(workers)

    running, workers = started(scene)
    running.kill()
    running.communicate()
    deadline = time.monotonic() + 60
    while left_alive(workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)
    commands = plan_files.read(Store(scene.store("store")))
    assert [(command.state, command.code) for command in commands] == [("interrupted", 143), ("interrupted", None)]
    assert str(scene.track) in commands[0].command

    done = scene.run("store", *REQUEST)
    assert done.returncode == 0, done.stderr
    load_plugin(str(scene.track))
    torch.set_num_threads(1)
    spec = RunSpec(track="tiny-v1", target="v", entry=Entry.of("infonoise"), seed=0)
    undisturbed = execute(spec, torch.device("cpu")).values
    assert sorted(scores(scene.store("store")).values()) == sorted(undisturbed.values())
    assert runs_in_mlflow(scene.store("store")) == [spec.key]
    assert not list((scene.store("store") / "checkpoints").glob("*/*"))
