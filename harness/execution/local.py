"""Runs on this machine: one process for each worker, one thread each.

A worker that dies (killed, out of memory) costs the run it was at, not the others: every worker is a pool of its own.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.execution import worker
from harness.specs import RunSpec

POLL_SECONDS = 0.25
GPU_WORKERS = 4


@dataclass(frozen=True)
class Done:
    """A run that ended. folder: its result, or None when the worker died before writing one."""

    spec: RunSpec
    outcome: str
    reason: str
    folder: Path | None


def default_workers(device: str) -> int:
    """One worker a core; on a GPU a few, so that one trains while another prepares."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if device == "cpu" else min(cores, GPU_WORKERS)


class LocalExecutor:
    """Executes runs in `workers` processes.

    with LocalExecutor(...) as executor:
        for done in executor(runs): ...
    """

    def __init__(self, workers: int, device: str, outbox: Path, plugins: list[str]) -> None:
        self.device, self.outbox, self.plugins = device, outbox, plugins
        self._context = multiprocessing.get_context("spawn")
        self._progress = [self._context.Value("d", 0.0, lock=False) for _ in range(workers)]
        self._pools = [self._pool(slot) for slot in range(workers)]

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()

    def __call__(self, runs: list[RunSpec]) -> Iterator[Done | None]:
        """Ends of runs as they come, and None every quarter second in between."""
        waiting = iter(runs)
        busy: dict[Future[Any], tuple[int, RunSpec]] = {}
        for slot in range(len(self._pools)):
            self._assign(slot, waiting, busy)
        while busy:
            ended, _ = wait(busy, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in ended:
                slot, spec = busy.pop(future)
                done = self._collect(slot, spec, future)
                self._assign(slot, waiting, busy)
                yield done
            yield None

    def shares(self) -> float:
        """Sum over workers of the share of the current run that is done."""
        return sum(cell.value for cell in self._progress)

    def _assign(self, slot: int, waiting: Iterator[RunSpec], busy: dict[Future[Any], tuple[int, RunSpec]]) -> None:
        self._progress[slot].value = 0.0
        spec = next(waiting, None)
        if spec is not None:
            busy[self._pools[slot].submit(worker.work, spec, self.device, self.outbox)] = (slot, spec)

    def _collect(self, slot: int, spec: RunSpec, future: Future[Any]) -> Done:
        try:
            outcome, reason, folder = future.result()
            return Done(spec, outcome, reason, folder)
        except BrokenProcessPool:
            self._pools[slot].shutdown(wait=False)
            self._pools[slot] = self._pool(slot)
            return Done(spec, "failed", "its process died (killed, or out of memory)", None)
        except Exception as error:  # whatever a worker could not even write down must not stop the others
            return Done(spec, "failed", f"{type(error).__name__}: {error}", None)

    def _pool(self, slot: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=self._context, initializer=worker.start, initargs=(self._progress[slot], self.plugins)
        )
