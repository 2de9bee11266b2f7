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
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NoReturn

from harness.execution.processes.end_with_parent import die_with_parent
from harness.execution.processes.messages import READY, SHARE, STOP, Assignment, Reply, Setup, Stack, in_one_line

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
        self._assigned: queue.SimpleQueue[Assignment | Stack] = queue.SimpleQueue()
        self._said = 0.0

    def serve(self) -> NoReturn:
        """Work until the parent closes the connection."""
        self.setup: Setup = self.connection.recv()
        threading.Thread(target=self._listen, daemon=True).start()
        set_up(self.setup)
        self.connection.send(READY)
        while True:
            assignment = self._assigned.get()
            self.connection.send(self._work(assignment))

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

    def _work(self, assignment: Assignment | Stack) -> Reply:
        started, began = time.time(), time.perf_counter()
        if isinstance(assignment, Stack):
            reply = self._attempt_stack(assignment.assignments, started)
        else:
            reply = self._attempt(assignment, started)
        reply.seconds = time.perf_counter() - began
        return reply

    def _attempt(self, given: Assignment, started: float) -> Reply:
        import torch

        from harness.runs.run import Interrupted, abandon, execute
        from harness.training.compilation import compilation

        job, device = given.job, torch.device(given.device)
        if given.split.processes > 1 and not job.abandon:
            from harness.execution.processes import torchrun

            return torchrun.execute(given, self.setup, self._report, lambda: self.stopping)
        try:
            check_unchanged(job.spec)
            if job.abandon:
                result = abandon(job.spec, given.checkpoints, job.abandon)
            else:
                result = execute(
                    job.spec,
                    device,
                    self._report,
                    checkpoints=given.checkpoints,
                    until=job.until,
                    stop_asked=lambda: self.stopping,
                    compilation=compilation(given.compile, device),
                    place=_bench_of(given),
                )
        except Interrupted:
            return Reply("interrupted", "it was asked to stop")
        except (Exception, SystemExit) as error:  # a plugin may raise anything: its run fails alone, and is named
            return Reply("failed", in_one_line(error))
        return delivered(given, result, started)

    def _attempt_stack(self, given: tuple[Assignment, ...], started: float) -> Reply:
        import torch

        from harness.execution.stacks import stack_runner
        from harness.runs.run import Interrupted
        from harness.training.compilation import compilation

        began, device = time.perf_counter(), torch.device(given[0].device)
        try:
            for one in given:
                check_unchanged(one.job.spec)
            results = stack_runner()(
                [one.job.spec for one in given],
                device,
                lambda share: self._report(share * len(given)),
                checkpoints=[one.checkpoints for one in given],
                until=given[0].job.until,
                stop_asked=lambda: self.stopping,
                compilation=compilation(given[0].compile, device),
            )
        except Interrupted:
            return Reply("interrupted", "it was asked to stop")
        except (Exception, SystemExit) as error:  # one member's plugin: each will be tried by itself
            return Reply("failed", in_one_line(error))
        stack = {"stack": str(len(given))}
        replies = [delivered(one, result, started, stack) for one, result in zip(given, results, strict=True)]
        for reply in replies:
            reply.seconds = (time.perf_counter() - began) / len(given)
        return Reply("stacked", members=tuple(replies))

    def _report(self, share: float) -> None:
        now = time.monotonic()
        if now - self._said >= 1 / SHARES_A_SECOND:
            self._said = now
            self.connection.send((SHARE, share))


def _bench_of(given: Assignment) -> Bench | None:
    """A bench for a batch in parts; None where the process's own will do."""
    if not given.split:
        return None
    import torch

    from harness import tracks
    from harness.distributed.training import Team, TeamBench

    return TeamBench(tracks.get(given.job.spec.track), torch.device(given.device), Team(), given.split.micro_batch)


def delivered(given: Assignment, result: RunResult, started: float, tags: Mapping[str, str] | None = None) -> Reply:
    """A run's end as a reply, its result written into the outbox; a paused one has none yet.

    started: seconds since the epoch
    tags:    further MLflow tags
    """
    import torch

    from harness.results import run_folder

    reply = Reply(result.outcome, result.reason, values=result.values, notes=tuple(result.notes))
    if result.outcome == "paused":
        return reply
    every = dict(given.job.tags) | given.tags | dict(tags or {})
    try:
        reply.folder = run_folder.write(
            given.outbox, result, torch.device(given.device), started, time.time(), extra_tags=every
        )
    except Exception as error:  # whatever cannot be written: the run itself is not at fault
        return Reply("unwritable", in_one_line(error))
    return reply


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
