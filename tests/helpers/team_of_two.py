"""A run of two processes that share its batches, on a schedule that can end one of them."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import torch._dynamo  # which training imports

from harness import tracks
from harness.execution import plugins
from harness.execution.job import BatchSplit, Job, Result
from harness.execution.processes import rank_process
from harness.execution.processes.messages import Assignment, Setup
from harness.runs.run import execute
from harness.specs import Entry, RunSpec
from scene import TINY_TRACK
from schedules.schedule import SCHEDULES

STEPS = 60
FRAGILE = """
import os, signal, time
from pathlib import Path

from scipy import stats
from schedules import register

HERE = Path(__file__).parent


class Fragile:
    "Laplace; where `fatal` is there, its third block lasts until a checkpoint is due, and its fifth ends process 1."
    def __init__(self): self.base, self.blocks = stats.laplace(0, 0.5), 0
    def pdf(self, x): return self.base.pdf(x)
    def cdf(self, x): return self.base.cdf(x)
    def ppf(self, q):
        if getattr(q, "shape", ()) == (5, 128) and "RANK" in os.environ:
            self.blocks += 1
            with (HERE / f"blocks-{os.environ['RANK']}").open("a") as file:
                print(self.blocks, file=file)
            if self.blocks == 3 and (HERE / "fatal").exists():
                time.sleep(1.2)
            if self.blocks == 5 and os.environ["RANK"] == "1" and (HERE / "fatal").exists():
                (HERE / "fatal").unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return self.base.ppf(q)


@register("fragile", space={})
def fragile():
    return Fragile()
"""


@dataclass(frozen=True)
class TeamOfTwo:
    """Files of the track and of the plugin, in a folder where `fatal` ends a process."""

    folder: Path

    def order(self, place: Path) -> tuple[Assignment, Setup]:
        """The run, its outbox and checkpoints at this place."""
        (place / "outbox").mkdir()
        spec = RunSpec(track="tiny-v1", target="v", entry=Entry.of("fragile"), seed=0)
        split = BatchSplit(processes=2, micro_batch=40)
        work = Assignment(Job(spec), "cpu", place / "checkpoints", place / "outbox", split.tags(), split=split)
        return work, Setup((str(self.folder / "fragile.py"),), (str(self.folder / "tiny_track.py"),), None)

    def blocks(self) -> int:
        """Blocks of training that the first process has begun."""
        return len((self.folder / "blocks-0").read_text().split())


@contextmanager
def loaded(folder: Path) -> Iterator[TeamOfTwo]:
    """The track and the schedule, loaded here meanwhile."""
    track, plugin = folder / "tiny_track.py", folder / "fragile.py"
    track.write_text(TINY_TRACK.replace("STEPS", str(STEPS)))
    plugin.write_text(FRAGILE)
    plugins.load([str(plugin)], [str(track)])
    torch.set_num_threads(1)
    yield TeamOfTwo(folder)
    # Other tests may come between two of a module, which then gets a new one.
    tracks.TRACKS.pop("tiny-v1", None)
    SCHEDULES.remove("fragile")


def rank(folder: Path, number: int, count: int, port: int) -> int:
    """Be the process of this number, as torchrun starts it. Returns the exit code."""
    named = {"RANK": number, "WORLD_SIZE": count, "LOCAL_RANK": number, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in named.items():
            patch.setenv(name, str(value))
        return rank_process.main(folder)


def together(folder: Path, port: int) -> None:
    """Both processes, in their own time. They have what was imported here, which takes longest."""
    # Where there is a GPU autograd has threads, which no fork can have.
    context = multiprocessing.get_context("spawn" if torch.cuda.is_available() else "fork")
    ranks = [context.Process(target=rank, args=(folder, number, 2, port)) for number in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()


def assert_as_one_process_would(assignment: Assignment, result: Result) -> None:
    """Losses to 1e-5 over all steps and the same scores, recorded once."""
    assert result.outcome == "finished", result.reason
    alone = execute(assignment.job.spec, torch.device("cpu"))
    assert result.values == pytest.approx(alone.values, rel=1e-3, abs=1e-4)
    assert result.folder is not None
    record = json.loads((result.folder / "run.json").read_text())
    losses = {step: value for key, value, step in record["metrics"] if key == "train/loss"}
    assert losses == pytest.approx(dict(alone.losses), rel=1e-5)
    assert len(losses) == STEPS
    assert (record["tags"]["snrbench.nproc"], record["tags"]["snrbench.micro_batch"]) == ("2", "40")
    assert len(list(assignment.outbox.iterdir())) == 1
