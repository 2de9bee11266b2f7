"""A run on two Gloo processes: the same numbers as on one, and one clear line when a process dies."""

import json
import pickle
import socket
import sys

import pytest
import torch

from harness import tracks
from harness.execution import plugins
from harness.execution.job import BatchSplit, Job
from harness.execution.processes import rank_process, torchrun
from harness.execution.processes.messages import Assignment, Setup
from harness.runs.run import execute
from harness.specs import Entry, RunSpec
from scene import TINY_TRACK
from schedules.schedule import SCHEDULES

FRAGILE = """
import os, signal, time
from pathlib import Path

from scipy import stats
from schedules import register

HERE = Path(__file__).parent


class Fragile:
    "Laplace; waits for a checkpoint to be due in its third block, and ends process 1 in its fifth where it may."
    def __init__(self): self.base, self.blocks = stats.laplace(0, 0.5), 0
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q):
        if getattr(q, "shape", ()) == (5, 128) and "RANK" in os.environ:
            self.blocks += 1
            with (HERE / f"blocks-{os.environ['RANK']}").open("a") as file:
                print(self.blocks, file=file)
            if self.blocks == 3:
                time.sleep(1.2)
            if self.blocks == 5 and os.environ["RANK"] == "1" and (HERE / "fatal").exists():
                (HERE / "fatal").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return self.base.ppf(q)


@register("fragile", space={})
def fragile():
    return Fragile()
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A folder with a track and the plugin, both loaded here."""
    folder = tmp_path_factory.mktemp("scene")
    track, plugin = folder / "tiny_track.py", folder / "fragile.py"
    track.write_text(TINY_TRACK.replace("STEPS", "60"))
    plugin.write_text(FRAGILE)
    plugins.load([str(plugin)], [str(track)])
    torch.set_num_threads(1)
    yield folder
    # Other tests may come between two of this module, which then gets a new scene.
    tracks.TRACKS.pop("tiny-v1", None)
    SCHEDULES.remove("fragile")


@pytest.fixture
def given(scene, tmp_path):
    (tmp_path / "outbox").mkdir()
    spec = RunSpec(track="tiny-v1", target="v", entry=Entry.of("fragile"), seed=0)
    split = BatchSplit(processes=2, micro_batch=40)
    order = Assignment(Job(spec), "cpu", tmp_path / "checkpoints", tmp_path / "outbox", split.tags(), split=split)
    return order, Setup((str(scene / "fragile.py"),), (str(scene / "tiny_track.py"),), None)


def blocks(folder):
    return len((folder / "blocks-0").read_text().split())


def test_two_processes_of_which_one_was_killed_end_where_one_process_does(given, scene, tmp_path, hostile_place):
    """Losses to 1e-5 over 60 steps and the same scores, though a process was killed and its checkpoint gone on from.

    None of them imports from the working directory."""
    (order, setup), shares = given, []
    (scene / "fatal").touch()
    killed = torchrun.execute_on_processes(order, setup, shares.append, lambda: False)
    assert killed.outcome == "failed"
    assert killed.reason == "process 1 of 2 died (killed by signal 9; out of memory is one cause)"
    assert list((tmp_path / "checkpoints").glob("*.safetensors"))
    assert not list((tmp_path / "outbox").iterdir())

    before = blocks(scene)
    reply = torchrun.execute_on_processes(order, setup, shares.append, lambda: False)
    assert reply.outcome == "finished", reply.reason
    assert blocks(scene) - before < 12
    assert 0 < max(shares) <= 1
    alone = execute(order.job.spec, torch.device("cpu"))
    assert reply.values == pytest.approx(alone.values, rel=1e-3, abs=1e-4)
    record = json.loads((reply.folder / "run.json").read_text())
    losses = {step: value for key, value, step in record["metrics"] if key == "train/loss"}
    assert losses == pytest.approx(dict(alone.losses), rel=1e-5)
    assert len(losses) == 60
    assert (record["tags"]["snrbench.nproc"], record["tags"]["snrbench.micro_batch"]) == ("2", "40")
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_what_a_process_raised_is_the_reason(tmp_path):
    (tmp_path / "deaths").write_text("[[1, 1], [0, 1]]")
    (tmp_path / "problem-1").write_text("ValueError: no such thing")
    assert torchrun.why_it_ended(tmp_path, 2, 1) == "process 1 of 2: ValueError: no such thing"


def test_torchrun_that_cannot_start_its_processes_says_why(given, tmp_path, monkeypatch):
    """Neither torchrun itself, nor the processes of the run by it."""
    interpreter = tmp_path / "python"
    interpreter.touch(0o644)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    reply = torchrun.execute_on_processes(*given, lambda share: None, lambda: False)
    assert (reply.outcome, reply.reason) == (
        "failed", f"its process could not be started: {str(interpreter)!r}: Permission denied"
    )  # fmt: skip
    folder = tmp_path / "folder"
    folder.mkdir()
    place = ["--standalone", "--nproc-per-node=2", "--max-restarts=0", "--no-python", str(interpreter)]
    assert torchrun.launch(folder, place) == 1
    assert "Permission denied" in torchrun.why_it_ended(folder, 2, 1)


def test_a_process_that_is_asked_to_stop_writes_its_checkpoint(given, tmp_path, monkeypatch):
    """As torchrun starts it, alone in its team."""
    (order, setup), folder = given, tmp_path / "folder"
    folder.mkdir()
    (folder / "order").write_bytes(pickle.dumps((order, setup)))
    (folder / "stop").touch()
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    named = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert rank_process.main(folder) == 0
    assert pickle.loads((folder / "result").read_bytes()).outcome == "interrupted"
    assert [path.name for path in order.checkpoints.iterdir()] == ["000000005.safetensors"]


def test_a_stop_reaches_the_processes_and_their_progress_comes_back(given, monkeypatch):
    script = """
import pickle, sys, time
from pathlib import Path
from harness.execution.job import Result
folder = Path(sys.argv[1])
(folder / "share").write_text("0.25")
while not (folder / "stop").exists():
    time.sleep(0.02)
(folder / "result").write_bytes(pickle.dumps(Result(None, "interrupted")))
"""
    monkeypatch.setattr(torchrun, "_command", lambda folder, processes: [sys.executable, "-c", script, str(folder)])
    shares = []
    reply = torchrun.execute_on_processes(*given, shares.append, lambda: bool(shares))
    assert reply.outcome == "interrupted"
    assert set(shares) == {0.25}
