"""Runs on this machine: worker processes, one thread each on a CPU, as many as its memory takes on a GPU.

A worker that dies (killed, out of memory) costs the run it was at, not the others.
"""

from __future__ import annotations

import functools
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from harness.execution.executors.places import assignment, done_of, setup_of
from harness.execution.job import INTERRUPTED, Done, Job, Settings
from harness.execution.supervised import Supervised
from harness.tracking.store import Store


class LocalExecutor:
    """Executes jobs in `slots` processes of this machine. See `harness.execution.job.Executor`.

    devices: the workers are dealt over these
    """

    def __init__(self, settings: Settings, store: Store, slots: int, devices: list[str]) -> None:
        self.slots, self.store, self.settings = slots, store, settings
        self._ended: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="worker")
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._shares = [0.0] * slots
        self._workers: list[Supervised] = []
        self._busy = 0
        self._counting = threading.Lock()
        for slot in range(slots):
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
        """Run this when a worker is free."""
        future = self._threads.submit(self._run, job)
        future.add_done_callback(self._collect)

    def wait(self, timeout: float) -> list[Done]:
        """What has ended since the last call."""
        try:
            return [self._ended.get(timeout=timeout), *self._rest()]
        except queue.Empty:
            return []

    def shares(self) -> float:
        """Sum over workers of the share of the current run that is done."""
        return sum(self._shares)

    def stop(self, seconds: float) -> list[Done]:
        """Have each worker write a checkpoint and stop; end those that have not after `seconds`."""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _run(self, job: Job) -> Done:
        slot = self._free.get()
        with self._counting:
            self._busy += 1
        try:
            if self._workers[slot].stopped:
                return Done(job, INTERRUPTED, "it had not begun")
            started = time.time()
            reply = self._workers[slot].run(assignment(self.settings, self.store, job, self._workers[slot].device))
            return done_of(self.settings, self.store, job, reply, self._workers[slot].device, started)
        except Exception as error:  # whatever happens to one run must not stop the others
            return Done(job, "failed", f"{type(error).__name__}: {error}")
        finally:
            self._shares[slot] = 0.0
            with self._counting:
                self._busy -= 1
            self._free.put(slot)

    def _collect(self, future: Future[Done]) -> None:
        if not future.cancelled():
            self._ended.put(future.result())

    def _rest(self) -> list[Done]:
        found = []
        while not self._ended.empty():
            found.append(self._ended.get())
        return found
