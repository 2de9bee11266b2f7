"""One contract, every executor: the same values, pauses, failures that stay alone, checkpoints when asked to stop."""

import gc
import json
import shlex
import sys

import pytest
import torch

from harness.execution.job import Job, Result
from harness.execution.processes import messages
from harness.runs.run import execute
from harness.specs import Entry, RunSpec

CPU = torch.device("cpu")
EXECUTORS = ("local", pytest.param("ray", marks=pytest.mark.external))
PYTHON = sys.executable


def spec_of(schedule="laplace", seed=0):
    return RunSpec(track="brief-v1", target="v", entry=Entry.of(schedule), seed=seed)


def collected(executor, count):
    replies = []
    while len(replies) < count:
        replies += executor.wait(0.25)
    return replies


def record(done):
    return json.loads((done.folder / "run.json").read_text())


def checkpoints(store, spec):
    return list((store.root / "checkpoints" / spec.key).glob("*.safetensors"))


@pytest.fixture(params=EXECUTORS)
def name(request):
    return request.param


def test_runs_pauses_failures_and_stopping(make, name, store, brief, at_work, hostile_place):
    """All that an executor does, in one life of it: its processes take longest to start. Nothing of it imports from
    the working directory."""
    with make(name, gib=1.0, stack=2) as executor:
        # A whole run is what it would have been in this process.
        executor.submit(Job(spec_of(), tags=(("trials", "24"),)))
        (done,) = collected(executor, 1)
        assert (done.outcome, done.spec) == ("finished", spec_of())
        assert done.values == execute(spec_of(), CPU).values
        tags = record(done)["tags"]
        assert tags["snrbench.trials"] == "24"
        assert tags["snrbench.run_key"] == spec_of().key
        assert brief.plugin.name in tags["snrbench.plugins"]

        # Paused at a mark, gone on with, and given up.
        executor.submit(Job(spec_of(seed=1), until=0.25))
        (paused,) = collected(executor, 1)
        assert (paused.outcome, paused.folder) == ("paused", None)
        assert {measured.mark for measured in paused.values} == {0.25}
        assert checkpoints(store, paused.spec)
        executor.submit(Job(spec_of(seed=1), until=0.5))
        (paused,) = collected(executor, 1)
        assert {measured.mark for measured in paused.values} == {0.25, 0.5}
        executor.submit(Job(spec_of(seed=1), abandon="no better than the median"))
        (pruned,) = collected(executor, 1)
        assert (pruned.outcome, pruned.reason) == ("pruned", "no better than the median")
        assert pruned.values == paused.values
        assert not checkpoints(store, paused.spec)

        # A run that diverges, and one that takes more memory than it may: that fails alone, also in the next process.
        # What it printed is kept, and nothing else of it.
        executor.submit(Job(spec_of("late_nan")))
        (nan,) = collected(executor, 1)
        executor.submit(Job(spec_of("late_hoards")))
        (hoarded,) = collected(executor, 1)
        assert nan.outcome == "diverged"
        assert hoarded.outcome == "failed"
        assert "MemoryError" in hoarded.reason
        output = (hoarded.folder / "artifacts" / "output.txt").read_bytes()
        assert len(output) == 64 * 1024
        assert output.endswith(b"the end\n")

        # What was handed out is forgotten: a command's memory does not grow with its runs.
        for seed in range(30):
            executor.submit(Job(spec_of(seed=seed), abandon="one of many"))
        many = collected(executor, 30)
        keys = [done.spec.key for done in (done, pruned, nan, hoarded, *many)]
        del many
        gc.collect()
        assert sum(type(obj) is Result and obj.reason == "one of many" for obj in gc.get_objects()) <= 1

        # Asked to stop: a checkpoint, also of what is executed at once, and what had not begun is dropped.
        for seed in range(2):
            executor.submit(Job(spec_of("late_dawdles", seed)))
        executor.submit(Job(spec_of(seed=7), until=0.5))
        while not at_work.exists():
            assert executor.wait(0.02) == []
        stopped = executor.stop(60.0)
        assert len(stopped) == executor.slots
    for done in stopped:
        assert (done.outcome, done.folder) == ("interrupted", None)
        assert checkpoints(store, done.spec)
    assert not checkpoints(store, spec_of(seed=7))
    assert sorted(path.name[:32] for path in store.outbox.glob("[!.]*")) == sorted(keys)


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """What worker processes are started with, instead of Python."""
    file = tmp_path / "python"
    file.touch()
    monkeypatch.setattr(sys, "executable", str(file))
    return file


def failure(make, **limits):
    with make(**limits) as executor:
        executor.submit(Job(spec_of()))
        (done,) = collected(executor, 1)
    assert done.outcome == "failed"
    assert record(done)["tags"]["snrbench.reason"] == done.reason
    return done.reason


def test_a_worker_that_cannot_be_started_says_why(make, interpreter):
    interpreter.chmod(0o644)
    assert failure(make) == f"its process could not be started: {str(interpreter)!r}: Permission denied"


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("time.sleep(600)", "time limit"),
        ("held = b'x' * 2**28; time.sleep(600)", "GiB of memory, limit 0.10 GiB"),
        (
            "print('the last words', flush=True); os._exit(4)",
            "its process died (exit code 4; it last said: the last words)",
        ),
        ("os.kill(os.getpid(), signal.SIGKILL)", "its process died (killed by signal 9; out of memory is one cause)"),
    ],
    ids=("hangs", "hoards", "exits", "killed"),
)
def test_a_worker_that_dies_or_takes_too_much_fails_its_run(make, interpreter, does, reason):
    """By a process that says what a worker does when it is ready, and then does that with its job."""
    program = f"""
import os, signal, sys, time
from multiprocessing.connection import Connection

parent = Connection(int(sys.argv[-1]))
parent.recv_bytes()
parent.send({messages.READY!r})
parent.recv_bytes()
{does}
"""
    interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(PYTHON)} -c {shlex.quote(program)} "$@"\n')
    interpreter.chmod(0o755)
    assert reason in failure(make, gib=0.1, seconds=1.0 if "time" in reason else 600.0)
