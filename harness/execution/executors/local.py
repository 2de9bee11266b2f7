"""Runs on this machine: worker processes, one thread each on a CPU, as many as its memory takes on a GPU.

A worker that dies (killed, out of memory) costs the run it was at, not the others.
"""

from __future__ import annotations

import functools
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from harness.execution.capacity.devices import devices_of
from harness.execution.capacity.limits import completed
from harness.execution.capacity.worker_count import workers_for
from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.executors.parts.assignments import assignment, settled, setup_of
from harness.execution.executors.parts.killed_on_leaving import KilledOnLeaving
from harness.execution.job import INTERRUPTED, Job, Result, Settings
from harness.execution.processes.supervision import Supervised
from harness.execution.stacks import grouped, stack_size
from harness.results.store import Store
from schedules.errors import named


class LocalExecutor(KilledOnLeaving):
    """Executes jobs in `workers` processes of this machine. See `harness.execution.job.Executor`.

    devices: the workers are dealt over these
    stack:   jobs of one cell that a worker may execute at once
    slots:   jobs at a time
    """

    def __init__(self, settings: Settings, store: Store, workers: int, devices: list[str], stack: int = 1) -> None:
        self.slots, self.store, self.settings, self.stack = workers * stack, store, settings, stack
        self._pending: list[Job] = []
        self._ended: queue.SimpleQueue[list[Result]] = queue.SimpleQueue()  # what ended together comes together
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._shares = [0.0] * workers
        self._workers: list[Supervised] = []
        self._busy = 0
        self._counting = threading.Lock()
        for slot in range(workers):
            setup = setup_of(settings, devices[slot % len(devices)])
            self._workers.append(
                Supervised(
                    setup,
                    devices[slot % len(devices)],
                    settings.limits,
                    functools.partial(self._shares.__setitem__, slot),
                )
            )
            self._free.put(slot)

    def submit(self, job: Job) -> None:
        """Run this when a worker is free; where jobs are stacked, with those that come until the next `wait`."""
        if self.stack > 1:
            self._pending.append(job)
            return
        self._send((job,))

    def wait(self, timeout: float) -> list[Result]:
        """What has ended since the last call."""
        for jobs in grouped(self._pending, self.stack, len(self._workers)):
            self._send(jobs)
        self._pending.clear()
        try:
            return [*self._ended.get(timeout=timeout), *self._rest()]
        except queue.Empty:
            return []

    def shares(self) -> float:
        """Sum over workers of the share of the current run that is done."""
        return sum(self._shares)

    def stop(self, seconds: float) -> list[Result]:
        """Have each worker write a checkpoint and stop; end those that have not after `seconds`."""
        self._pending.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + seconds
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self.kill()
        return self._rest()

    def kill(self) -> None:
        """End every worker now."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(wait=True)
        for worker in self._workers:
            worker.kill()

    def _send(self, jobs: tuple[Job, ...]) -> None:
        future = self._threads.submit(self._run, jobs)
        future.add_done_callback(self._collect)

    def _run(self, jobs: tuple[Job, ...]) -> list[Result]:
        slot = self._free.get()
        with self._counting:
            self._busy += 1
        try:
            return self._run_at_once(jobs, slot)
        finally:
            self._shares[slot] = 0.0
            with self._counting:
                self._busy -= 1
            self._free.put(slot)

    def _run_at_once(self, jobs: tuple[Job, ...], slot: int) -> list[Result]:
        """A stack that fails is halved, down to runs by themselves: what is wrong with one run costs no other."""
        worker, started = self._workers[slot], time.time()
        if worker.stopped:
            return [Result(job, INTERRUPTED, "it had not begun") for job in jobs]
        try:
            results = worker.run(tuple(assignment(self.settings, self.store, job, worker.device) for job in jobs))
        except Exception as error:
            results = tuple(Result(job, "failed", named(error)) for job in jobs)
        if len(jobs) == 1 or any(result.outcome != "failed" for result in results):
            return [self._settled(job, result, worker, started) for job, result in zip(jobs, results, strict=True)]
        half, reason = len(jobs) // 2, results[0].reason
        first, *others = [*self._run_at_once(jobs[:half], slot), *self._run_at_once(jobs[half:], slot)]
        note = f"at once with {len(jobs) - 1} others it failed ({reason}), so they were run in smaller stacks"
        return [replace(first, notes=(*first.notes, note)), *others]

    def _settled(self, job: Job, result: Result, worker: Supervised, started: float) -> Result:
        try:
            return settled(self.settings, self.store, job, result, worker.device, started)
        except Exception as error:  # whatever happens to one run must not stop the others
            return Result(job, "failed", named(error))

    def _collect(self, future: Future[list[Result]]) -> None:
        if not future.cancelled():
            self._ended.put(future.result())

    def _rest(self) -> list[Result]:
        results: list[Result] = []
        while not self._ended.empty():
            results += self._ended.get()
        return results


def _make(request: Wanted) -> LocalExecutor:
    settings, store = request.settings, request.store
    workers = max(1, min(workers_for(settings, store, request.track), request.jobs))
    limits = completed(settings.limits, request.expected, workers, settings.device)
    # The processes of a run have a GPU each, so that their worker is dealt none.
    devices = [settings.device] if settings.split.processes > 1 else devices_of(settings.device)
    stack = stack_size(settings, store, request.track)
    return LocalExecutor(replace(settings, limits=limits), store, workers, devices, stack)


EXECUTOR = ExecutorKind("local", _make, here=True, stacks=True, splits=True)
