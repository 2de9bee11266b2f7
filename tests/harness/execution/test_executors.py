"""One contract, every executor: the same values, pauses, failures that stay alone, checkpoints when asked to stop."""

import gc
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.execution.job import Job, Result
from harness.runs.run import execute
from harness.specs import Entry, RunSpec

CPU = torch.device("cpu")
EXECUTORS = ("local", "ray")


def spec_of(schedule="laplace", seed=0):
    return RunSpec(track="brief-v1", target="v", entry=Entry.of(schedule), seed=seed)


def collected(executor, count):
    found = []
    while len(found) < count:
        found += executor.wait(0.25)
    return found


def record(done):
    return json.loads((done.folder / "run.json").read_text())


def checkpoints(store, spec):
    return list((store.root / "checkpoints" / spec.key).glob("*.safetensors"))


@pytest.fixture(params=EXECUTORS)
def name(request):
    return request.param


def test_runs_pauses_failures_and_stopping(make, name, store, files, at_work, hostile_place):
    """All that an executor does, in one life of it: its processes take longest to start. Nothing of it imports from
    the working directory."""
    with make(name) as executor:
        # A whole run is what it would have been in this process.
        executor.submit(Job(spec_of(), tags=(("trials", "24"),)))
        (done,) = collected(executor, 1)
        assert (done.outcome, done.spec) == ("finished", spec_of())
        assert done.values == execute(spec_of(), CPU).values
        tags = record(done)["tags"]
        assert tags["snrbench.trials"] == "24"
        assert tags["snrbench.run_key"] == spec_of().key
        assert str(Path(files[1]).name) in tags["snrbench.plugins"]

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

        # A run that fails, fails alone; what it printed is kept, and nothing else of it.
        executor.submit(Job(spec_of("late_shouts")))
        executor.submit(Job(spec_of("late_exits_at_once")))
        executor.submit(Job(spec_of("late_nan")))
        ended = {done.spec.entry.schedule: done for done in collected(executor, 3)}
        assert ended["late_shouts"].reason == "ValueError: after shouting"
        output = (ended["late_shouts"].folder / "artifacts" / "output.txt").read_bytes()
        assert len(output) == 64 * 1024
        assert output.endswith(b"the end\n")
        assert ended["late_exits_at_once"].outcome == "failed"
        assert "its process died (exit code 4" in ended["late_exits_at_once"].reason
        assert ended["late_nan"].outcome == "diverged"

        # Asked to stop: a checkpoint, and what had not begun is dropped.
        executor.submit(Job(spec_of("late_dawdles")))
        executor.submit(Job(spec_of(seed=7)))
        until(at_work.exists)
        (stopped,) = executor.stop(60.0)
        assert stopped.outcome == "interrupted"
        assert stopped.folder is None
    assert checkpoints(store, stopped.spec)
    assert not checkpoints(store, spec_of(seed=7))
    assert sorted(path.name[:32] for path in store.outbox.glob("[!.]*")) == sorted(
        done.spec.key for done in (done, pruned, *ended.values())
    )


def until(condition):
    while not condition():
        time.sleep(0.02)


def test_a_run_that_hangs_is_ended_after_its_time(make):
    with make(seconds=5.0) as executor:
        executor.submit(Job(spec_of("late_hangs")))
        (hung,) = collected(executor, 1)
    assert hung.outcome == "failed"
    assert "time limit" in hung.reason


def test_memory_is_limited_by_the_system_or_watched(make, files, store):
    """Either way the run that hoards fails alone: the next one is well."""
    with make(gib=1.0) as executor:
        executor.submit(Job(spec_of("late_hoards")))
        executor.submit(Job(spec_of()))
        hoarded, well = collected(executor, 2)
        assert "MemoryError" in hoarded.reason
        assert well.outcome == "finished"
        worker = executor._workers[0]
        worker.kill()
        worker.setup = replace(worker.setup, limit_data=None)
        executor.submit(Job(spec_of("late_hoards")))
        (hoarded,) = collected(executor, 1)
    assert "GiB of memory, limit 1.00 GiB" in hoarded.reason


def test_a_worker_that_cannot_be_started_says_why(make, tmp_path, monkeypatch):
    interpreter = tmp_path / "python"
    interpreter.touch()
    interpreter.chmod(0o644)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with make() as executor:
        executor.submit(Job(spec_of()))
        (done,) = collected(executor, 1)
    assert done.outcome == "failed"
    assert done.reason == f"its process could not be started: {str(interpreter)!r}: Permission denied"
    assert record(done)["tags"]["snrbench.reason"] == done.reason


def test_a_worker_killed_from_outside_costs_one_run(make, at_work):
    with make() as executor:
        executor.submit(Job(spec_of("late_dawdles", seed=1)))
        executor.submit(Job(spec_of()))
        until(at_work.exists)
        os.kill(int(at_work.read_text().split()[0]), signal.SIGKILL)
        killed, well = collected(executor, 2)
        assert killed.outcome == "failed"
        assert "killed by signal 9" in killed.reason
        assert well.outcome == "finished"

        # What was handed out is forgotten: a command's memory does not grow with its runs.
        for seed in range(30):
            executor.submit(Job(spec_of(seed=seed), abandon="one of many"))
        collected(executor, 30)
        gc.collect()
        assert sum(isinstance(one, Result) and one.outcome == "pruned" for one in gc.get_objects()) <= 1
