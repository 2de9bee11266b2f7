"""Which runs are executed at once, how many, and by what.

On a CPU that is one: one run's matrices keep a core busy already, and what stacked training gains on digits-v1 its
evaluation takes back (tests/benchmarks/runs_per_hour.py has the figures). A GPU is mostly idle with one small network.

What executes them is found as an entry point in `snrbench.stacks`; ours is `harness.stacked`, which nothing imports.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from harness.execution.capacity.devices import devices_of
from harness.execution.capacity.memory_check import CONTEXT_MIB
from harness.execution.capacity.worker_count import MIB, stacks_on_a_gpu
from harness.execution.job import Job, Settings
from harness.results.store import Store

if TYPE_CHECKING:
    from harness.runs.run import RunResult

GROUP = "snrbench.stacks"

ON_A_GPU = 32
"""Runs at once on a GPU where nothing is known of their memory."""
MOST = 128
SHARE_OF_MEMORY = 0.6
"""Of a GPU's free memory that stacked runs may fill by the peaks of earlier ones."""


def can_stack() -> bool:
    """Whether anything is installed that executes several runs at once."""
    return bool(entry_points(group=GROUP))


def stack_runner() -> Callable[..., list[RunResult]]:
    """What does, to be called as `harness.stacked.run.execute_stack`."""
    runner: Callable[..., list[RunResult]] = next(iter(entry_points(group=GROUP))).load()
    return runner


def stack_size(settings: Settings, store: Store, track: str) -> int:
    """Runs at once in a process: as asked; "auto" is 1 on a CPU, and on a GPU as many as its memory takes."""
    if settings.stack is not None:
        return settings.stack
    if not settings.device.startswith("cuda") or not can_stack():
        return 1
    import torch

    from harness.execution.estimate import peak_mib

    run_mib = peak_mib(store, track, devices_of(settings.device)[0])
    if run_mib is None:
        return max(1, ON_A_GPU // stacks_on_a_gpu(settings))
    free = min(torch.cuda.mem_get_info(device)[0] / MIB for device in devices_of(settings.device))
    of_a_worker = SHARE_OF_MEMORY * free / stacks_on_a_gpu(settings) - CONTEXT_MIB
    return max(1, min(MOST, int(of_a_worker / run_mib)))


def grouped(jobs: Iterable[Job], size: int, workers: int) -> list[tuple[Job, ...]]:
    """Jobs to be executed at once: those of one cell that go equally far, at most `size`, spread evenly over `workers`.

    What is given up is nothing to train, and stays by itself.
    """
    cells: dict[tuple[str, str, bool, float, str], list[Job]] = {}
    for job in jobs:
        alone = job.spec.key if job.abandon else ""
        cells.setdefault((job.spec.track, job.spec.target, job.spec.tunes, job.until, alone), []).append(job)
    groups: list[tuple[Job, ...]] = []
    for alike in cells.values():
        stacks = max(-(-len(alike) // size), min(workers, len(alike)))
        bounds = [number * len(alike) // stacks for number in range(stacks + 1)]
        groups += [tuple(alike[start:end]) for start, end in itertools.pairwise(bounds)]
    return groups
