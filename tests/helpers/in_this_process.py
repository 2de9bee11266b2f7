"""An executor that trains in the command's own process: for tests in which a worker's process proves nothing.

A worker takes seconds to start. What workers are and do is in tests/harness/execution, in tests/survival, and with the
real command in tests/harness/cli/test_main_job.py.

    snrbench("run", "gmm-v1", "--executor", in_this_process.FILE)
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

import torch

from harness import tracks
from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.executors.parts.assignments import assignment, settled
from harness.execution.executors.parts.killed_on_leaving import KilledOnLeaving
from harness.execution.job import Job, Result
from harness.execution.processes.worker import delivered, how_it_ended
from harness.runs.run import Bench, RunResult, abandon, execute

FILE = __file__
CPU = torch.device("cpu")


class InThisProcess(KilledOnLeaving):
    """Jobs one after another, in a thread, so that the command goes on meanwhile as with workers."""

    slots = 1

    def __init__(self, wanted: Wanted) -> None:
        self.settings, self.store = wanted.settings, wanted.store
        self._benches: dict[str, Bench] = {}  # not the process's own: another test has another track of this name
        self._thread = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
        self._open: list[Future[Result]] = []
        self._stopping = False

    def submit(self, job: Job) -> None:
        self._open.append(self._thread.submit(self._run, job))

    def wait(self, timeout: float) -> list[Result]:
        done = wait(self._open, timeout, FIRST_COMPLETED).done
        ended = [future for future in self._open if future in done]
        self._open = [future for future in self._open if future not in done]
        return [future.result() for future in ended if not future.cancelled()]

    def shares(self) -> float:
        return 0.0

    def stop(self, seconds: float) -> list[Result]:
        self.kill()
        return self.wait(0)

    def kill(self) -> None:
        self._stopping = True
        self._thread.shutdown(cancel_futures=True)

    def _run(self, job: Job) -> Result:
        started = time.time()
        try:
            result = delivered(assignment(self.settings, self.store, job, "cpu"), self._executed(job), started)
        except (Exception, SystemExit) as error:
            result = Result(job, *how_it_ended(error))
        result = replace(result, seconds=time.time() - started)
        return settled(self.settings, self.store, job, result, "cpu", started)

    def _executed(self, job: Job) -> RunResult:
        name = job.spec.track
        checkpoints = assignment(self.settings, self.store, job, "cpu").checkpoints
        if job.abandon:
            return abandon(job.spec, checkpoints, job.abandon)
        if name not in self._benches:
            self._benches[name] = Bench(tracks.get(name), CPU)
        stopping, bench = (lambda: self._stopping), self._benches[name]
        return execute(job.spec, CPU, checkpoints=checkpoints, until=job.until, stop_asked=stopping, place=bench)


EXECUTOR = ExecutorKind("in-this-process", InThisProcess, here=True)
