"""What a worker process does: set itself up once, then job after job.

It is started as `python -P -m harness.execution.processes.worker FD` and talks over that socket (`messages.py`). When
its parent is gone, so is it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NoReturn

from harness.execution.job import INTERRUPTED, UNWRITABLE, Result
from harness.execution.processes.end_with_parent import die_with_parent
from harness.execution.processes.messages import READY, STOP, Assignment, Setup, in_one_line

if TYPE_CHECKING:
    from harness.runs.run import Bench, RunResult
    from harness.specs import RunSpec

SHARES_A_SECOND = 5
GONE = 71


class Worker:
    """One process's side of the connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.stopping = False
        self._assigned: queue.SimpleQueue[tuple[Assignment, ...]] = queue.SimpleQueue()
        self._last_report = 0.0

    def serve(self) -> NoReturn:
        """Work until the parent closes the connection."""
        self.setup: Setup = self.connection.recv()
        threading.Thread(target=self._listen, daemon=True).start()
        set_up(self.setup)
        self.connection.send(READY)
        while True:
            self.connection.send(self._work(self._assigned.get()))

    def _listen(self) -> None:
        try:
            while True:
                message = self.connection.recv()
                if message == STOP:
                    self.stopping = True
                else:
                    self.stopping = False
                    self._assigned.put(message)
        except (EOFError, OSError):
            os._exit(GONE)

    def _work(self, assignments: tuple[Assignment, ...]) -> tuple[Result, ...]:
        started, began = time.time(), time.perf_counter()
        try:
            alone = len(assignments) == 1
            results = [self._run(assignments[0], started)] if alone else self._stack(assignments, started)
        except BaseException as error:  # a plugin may raise anything: its run fails alone, and is named
            outcome, reason = how_it_ended(error)
            results = [Result(each.job, outcome, reason) for each in assignments]
        seconds = (time.perf_counter() - began) / len(assignments)
        return tuple(replace(result, seconds=seconds) for result in results)

    def _run(self, assignment: Assignment, started: float) -> Result:
        import torch

        from harness.runs.run import abandon, execute
        from harness.training.compilation import compilation

        job, device = assignment.job, torch.device(assignment.device)
        if assignment.split.processes > 1 and not job.abandon:
            from harness.execution.processes import torchrun

            return torchrun.execute_on_processes(assignment, self.setup, self._report, lambda: self.stopping)
        check_unchanged(job.spec)
        if job.abandon:
            return delivered(assignment, abandon(job.spec, assignment.checkpoints, job.abandon), started)
        result = execute(
            job.spec,
            device,
            self._report,
            checkpoints=assignment.checkpoints,
            until=job.until,
            stop_asked=lambda: self.stopping,
            compilation=compilation(assignment.compile, device),
            place=_bench_of(assignment),
        )
        return delivered(assignment, result, started)

    def _stack(self, assignments: tuple[Assignment, ...], started: float) -> list[Result]:
        import torch

        from harness.execution.stacks import stack_runner
        from harness.training.compilation import compilation

        first, size = assignments[0], len(assignments)
        for each in assignments:
            check_unchanged(each.job.spec)
        results = stack_runner()(
            [each.job.spec for each in assignments],
            torch.device(first.device),
            lambda share: self._report(share * size),
            checkpoints=[each.checkpoints for each in assignments],
            until=first.job.until,
            stop_asked=lambda: self.stopping,
            compilation=compilation(first.compile, torch.device(first.device)),
        )
        return [
            delivered(each, result, started, {"stack": str(size)})
            for each, result in zip(assignments, results, strict=True)
        ]

    def _report(self, share: float) -> None:
        moment = time.monotonic()
        if moment - self._last_report >= 1 / SHARES_A_SECOND:
            self._last_report = moment
            self.connection.send(float(share))


def how_it_ended(error: BaseException) -> tuple[str, str]:
    """Outcome and reason of a run that raised this."""
    from harness.runs.run import Interrupted

    if isinstance(error, Interrupted):
        return INTERRUPTED, "it was asked to stop"
    return "failed", in_one_line(error)


def _bench_of(assignment: Assignment) -> Bench | None:
    """A bench for a batch in parts; None where the process's own will do."""
    if not assignment.split:
        return None
    import torch

    from harness import tracks
    from harness.distributed.training import Team, TeamBench

    track, device = tracks.get(assignment.job.spec.track), torch.device(assignment.device)
    return TeamBench(track, device, Team(), assignment.split.micro_batch)


def delivered(assignment: Assignment, run: RunResult, started: float, tags: Mapping[str, str] | None = None) -> Result:
    """How a run ended, its scores written into the outbox; a paused one has none yet.

    started: seconds since the epoch
    tags:    further MLflow tags
    """
    import torch

    from harness.results import run_folder

    job = assignment.job
    result = Result(job, run.outcome, run.reason, values=run.values, notes=tuple(run.notes))
    if run.outcome == "paused":
        return result
    every = dict(job.tags) | assignment.tags | dict(tags or {})
    device = torch.device(assignment.device)
    try:
        folder = run_folder.write(assignment.outbox, run, device, started, time.time(), extra_tags=every)
    except Exception as error:  # whatever cannot be written: the run itself is not at fault
        return Result(job, UNWRITABLE, in_one_line(error))
    return replace(result, folder=folder)


def check_unchanged(spec: RunSpec) -> None:
    """A plugin that was edited after the command began must not be recorded as what was asked for."""
    here = type(spec)(**spec.model_dump())
    if here.key != spec.key:
        edited = "its plugin" if here.entry.fingerprint != spec.entry.fingerprint else "the plugin of its track"
        raise RuntimeError(f"{edited} was changed after the command began, or gives other numbers each time")


def set_up(setup: Setup) -> None:
    """Load what every run of a process needs."""
    import torch

    torch.set_num_threads(1)
    from harness.execution import plugins
    from harness.runs import run  # noqa: F401 - what every run needs, before memory is limited

    plugins.load(setup.plugins, setup.track_plugins, setup.metric_plugins)
    if setup.limit_data is not None:
        _limit_memory(setup.limit_data)


def _limit_memory(beside: int) -> None:
    """Bytes that may be allocated beside what is now: more is a MemoryError inside the run, not a full machine."""
    import resource

    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/statm") as file:
            held = int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (held + beside, hard))


if __name__ == "__main__":
    # The parent decides what happens to its workers.
    for handled in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(handled, signal.SIG_IGN)
    die_with_parent()
    Worker(Connection(int(sys.argv[1]))).serve()
