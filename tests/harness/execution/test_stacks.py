"""Jobs executed at once: which, what becomes of them, and that one that fails costs no other."""

import json
from dataclasses import replace

import pytest
import torch

from harness.cli import main
from harness.execution import stacks
from harness.execution.capacity.worker_count import workers_for
from harness.execution.executors import local
from harness.execution.job import Job, Result, Settings
from harness.results.store import Store
from harness.runs.run import execute
from harness.specs import Entry, RunSpec


def spec_of(schedule="laplace", seed=0, **more):
    return RunSpec(track="brief-v1", target="v", entry=Entry.of(schedule), seed=seed).model_copy(update=more)


def test_jobs_of_one_cell_that_go_equally_far_are_grouped_and_spread_over_workers(brief):
    alike = [Job(spec_of(seed=seed)) for seed in range(7)]
    other = [Job(spec_of(target="x0")), Job(spec_of(study="s", trial=0)), Job(spec_of(seed=9), until=0.25)]
    given_up = [Job(spec_of(seed=seed), abandon="hopeless") for seed in (10, 11)]
    groups = stacks.grouped([*alike, *other, *given_up], 4, 1)
    assert groups[:2] == [tuple(alike[:3]), tuple(alike[3:])]
    assert groups[2:] == [(job,) for job in (*other, *given_up)]
    assert [len(jobs) for jobs in stacks.grouped(alike, 16, 3)] == [2, 2, 3]
    assert [len(jobs) for jobs in stacks.grouped(alike[:2], 16, 3)] == [1, 1]


@pytest.mark.parametrize(("peak", "expected"), [(None, stacks.ON_A_GPU), (600.0, 19), (1e-3, stacks.MOST), (1e9, 1)])
def test_auto_is_one_on_a_cpu_and_what_fits_on_a_gpu(tmp_path, monkeypatch, peak, expected):
    store = Store(tmp_path)
    assert stacks.stack_size(Settings(stack=None), store, "digits-v1") == 1
    assert stacks.stack_size(Settings(stack=5), store, "digits-v1") == 5
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: peak)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (20_000 * 2**20, 80_000 * 2**20))
    alone = Settings(device="cuda:0", stack=None, workers=1)
    assert stacks.stack_size(alone, store, "digits-v1") == expected


def test_without_what_executes_stacks_runs_are_executed_by_themselves(tmp_path, monkeypatch, capsys):
    """`harness.stacked` is found, not imported: where it is not installed all but `--stack N` is as it was."""
    monkeypatch.setattr(stacks, "entry_points", lambda group: [])
    assert stacks.stack_size(Settings(device="cuda:0", stack=None, workers=1), Store(tmp_path), "digits-v1") == 1
    assert main.exit_code(["run", "gmm-v1", "--stack", "4", "--dry-run", "--store", str(tmp_path / "store")]) == 2
    assert "--stack 4: nothing is installed that executes several runs at once" in capsys.readouterr().err
    assert main.exit_code(["run", "gmm-v1", "--stack", "auto", "--dry-run", "--store", str(tmp_path / "store")]) == 0


@pytest.mark.parametrize(("cores", "gpus", "workers"), [(1, 1, 1), (4, 1, 4), (16, 1, 8), (16, 4, 16), (2, 4, 4)])
def test_stacks_share_a_gpu_and_its_memory(tmp_path, monkeypatch, cores, gpus, workers):
    """A run takes 600 MiB: of the 12,000 that are for stacks, each worker has its part less a CUDA context."""
    monkeypatch.setattr("harness.execution.capacity.worker_count.cores", lambda: cores)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: 600.0)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (20_000 * 2**20, 80_000 * 2**20))
    settings, store = Settings(device="cuda", stack=None), Store(tmp_path)
    assert workers_for(settings, store, "digits-v1") == workers
    each = 12_000 / (workers / gpus) - 600
    assert stacks.stack_size(settings, store, "digits-v1") == max(1, int(each / 600))
    assert workers_for(replace(settings, workers=3), store, "digits-v1") == 3


def test_stacks_of_a_given_size_share_a_gpu_as_far_as_its_memory_goes(tmp_path, monkeypatch):
    """600 MiB for a context and the 100 that were measured for each run: a stack of 16 takes 2,200."""
    monkeypatch.setattr("harness.execution.capacity.worker_count.cores", lambda: 16)
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: 100.0)
    store = Store(tmp_path)
    for free, workers in ((40_000, 8), (10_000, 4), (1_000, 1)):
        monkeypatch.setattr("torch.cuda.mem_get_info", lambda device, free=free: (free * 2**20, 80_000 * 2**20))
        assert workers_for(Settings(device="cuda:0", stack=16), store, "digits-v1") == workers
    monkeypatch.setattr("harness.execution.estimate.peak_mib", lambda *_: None)
    assert stacks.stack_size(Settings(device="cuda:0", stack=None), store, "digits-v1") == stacks.ON_A_GPU // 8


def test_what_is_executed_together_comes_together_and_what_fails_costs_no_other(make):
    def ended(*jobs):
        for spec in jobs:
            executor.submit(Job(spec, tags=(("trials", "24"),)))
        results = executor.wait(300.0)
        assert [done.spec for done in results] == list(jobs)
        return results

    with make(stack=4) as executor:
        assert executor.slots == 4
        cosine, nan = ended(spec_of("cosine"), spec_of("late_nan"))
        assert (cosine.outcome, nan.outcome) == ("finished", "diverged")
        assert cosine.values == pytest.approx(execute(cosine.spec, torch.device("cpu")).values, rel=1e-3)
        for done in (cosine, nan):
            tags = json.loads((done.folder / "run.json").read_text())["tags"]
            assert (tags["snrbench.stack"], tags["snrbench.trials"]) == ("2", "24")
            assert tags["snrbench.run_key"] == done.spec.key
            environment = json.loads((done.folder / "artifacts" / "environment.json").read_text())
            assert environment["execution"] == "stack 2"

        well, raised = ended(spec_of(), spec_of("late_raises"))
        assert (raised.outcome, raised.reason) == ("failed", "RuntimeError: plugin broke")
        assert "with 1 others it failed (RuntimeError: plugin broke)" in well.notes[0]
        assert well.values == execute(well.spec, torch.device("cpu")).values, "by itself"


@pytest.mark.parametrize(
    ("bad", "executed"),
    [
        ((0,), [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3]]),
        ((2,), [[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]),
        ((1, 3), [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3], [2], [3]]),
    ],
)
def test_a_stack_that_fails_is_halved(make, monkeypatch, bad, executed):
    """By a worker that only says what would become of its runs."""
    tried = []

    class Worker:
        stopped, device = False, "cpu"

        def __init__(self, *_):
            self.kill = self.end = lambda: None

        def run(self, assignments):
            tried.append([each.job.spec.seed for each in assignments])
            outcome = "failed" if set(tried[-1]) & set(bad) else "finished"
            return tuple(Result(each.job, outcome) for each in assignments)

    monkeypatch.setattr(local, "Supervised", Worker)
    with make(stack=4) as executor:
        for seed in range(4):
            executor.submit(Job(spec_of(seed=seed)))
        ended = executor.wait(60.0)
    assert tried == executed
    assert [done.spec.seed for done in ended] == [0, 1, 2, 3]
    assert tuple(done.spec.seed for done in ended if done.outcome == "failed") == bad
