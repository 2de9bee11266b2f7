"""Each signal that asks a command to stop, and the one that does not ask: the same command goes on each time.

In the end nothing is lost, nothing is there twice, and the scores are those of runs that nobody disturbed.
"""

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
import torch

from console import console
from harness.execution import plan_files
from harness.results.store import Store
from harness.runs.run import Bench, execute
from harness.specs import Entry, RunSpec
from harness.tracks import get
from harness.tracks.plugins import load_plugin
from scene import SNRBENCH, Scene, runs_in_mlflow, scores, workers_of

ENTRIES = ("cosine", "infonoise")
CPU = torch.device("cpu")


class Stopping:
    """A command of two runs, one after another, and the moments at which it is stopped."""

    def __init__(self, scene, track):
        self.scene, self.track, self.store = scene, track, scene.store("store")
        entries = [word for entry in ENTRIES for word in ("-s", entry)]
        place = ["--track-plugin", str(scene.track), "--device", "cpu", "--store", str(self.store)]
        self.words = ["run", track, *place, *entries, "-t", "v", "--seeds", "1", "--workers", "1"]

    def started(self, moment):
        """The command, when it is there: at work on a run, that is."""
        checkpoint, running = self.newest_checkpoint(), self.scene.start_command([SNRBENCH, *self.words])
        while not moment(running, checkpoint):
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.02)
        return running, workers_of(running.pid)

    def a_run_has_finished(self, running, checkpoint):
        return self.finished() > 0

    def a_worker_starts(self, running, checkpoint):
        return workers_of(running.pid)

    def a_checkpoint_is_written(self, running, checkpoint):
        return self.newest_checkpoint() > checkpoint

    def finished(self):
        """Runs that are recorded so; 0 also while the database is made."""
        place, query = f"file:{self.store}/mlflow.db?mode=ro", "select count(*) from runs where status = 'FINISHED'"
        try:
            with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
                return database.execute(query).fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def newest_checkpoint(self):
        times = [0]
        for file in self.store.glob("checkpoints/*/*.safetensors"):
            with contextlib.suppress(FileNotFoundError):
                times.append(file.stat().st_mtime_ns)
        return max(times)


def left_alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.survival
@pytest.mark.timeout(7200)
def test_stopped_in_every_way_a_command_goes_on_and_ends_as_if_nothing_had_been(tmp_path, form):
    """On the long form's track a checkpoint holds a network of images; the seconds that stopping takes are printed."""
    stopping = Stopping(Scene(tmp_path, steps=400, seconds=0.01), form("tiny-v1", "digits-v1"))
    for sent, code, moment in (
        (signal.SIGINT, 130, stopping.a_run_has_finished),
        (signal.SIGHUP, 129, stopping.a_worker_starts),
        (signal.SIGTERM, 143, stopping.a_checkpoint_is_written),
    ):
        running, workers = stopping.started(moment)
        began = time.monotonic()
        os.killpg(running.pid, sent)
        _, err = running.communicate()
        assert running.returncode == code, (running.returncode, err)
        assert sent == signal.SIGHUP or "The same command goes on from here" in err
        assert "Traceback" not in err
        assert workers
        assert not left_alive(workers)
        assert stopping.finished() == 1, "what is finished is kept"
        print(f"{signal.Signals(sent).name}: {time.monotonic() - began:.1f} s, exit code {code}", flush=True)

    running, workers = stopping.started(stopping.a_checkpoint_is_written)
    running.kill()
    running.communicate()
    while left_alive(workers):
        time.sleep(0.05)  # they notice that their parent is gone; pytest's limit is theirs
    commands = sorted(plan_files.read(Store(stopping.store)), key=lambda command: command.started)
    assert [(command.state, command.code) for command in commands] == [
        *(("interrupted", code) for code in (130, 129, 143)),
        ("interrupted", None),
    ]
    assert all(str(stopping.scene.track) in command.command for command in commands)

    with console() as snrbench:
        code, _, err = snrbench(*stopping.words)
        assert code == 0, err
        load_plugin(str(stopping.scene.track))
        compare(stopping)


def compare(stopping):
    """The store holds the two runs, once, with the scores of runs in this process; and no checkpoints."""
    track, undisturbed = stopping.track, {}
    bench = Bench(get(track), CPU)
    for entry in ENTRIES:
        spec = RunSpec(track=track, target="v", entry=Entry.of(entry), seed=0)
        undisturbed[spec.key] = sorted(execute(spec, CPU, place=bench).values.values())
    measured = scores(stopping.store, track)
    values = {run: sorted(value for (key, *_), value in measured.items() if key == run) for run in undisturbed}
    assert values == undisturbed
    assert runs_in_mlflow(stopping.store, track) == sorted(undisturbed)
    assert not list((stopping.store / "checkpoints").glob("*/*"))
