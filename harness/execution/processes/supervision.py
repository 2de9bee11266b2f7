"""The parent's side of a worker process: gives it jobs, keeps its output, and ends it when it goes too far."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

from harness.execution.capacity.free_memory import resident
from harness.execution.job import INTERRUPTED, Limits, Result
from harness.execution.processes.messages import READY, STOP, Assignment, Setup
from harness.execution.processes.output import Output
from harness.execution.python_process import NotStarted, python, start

POLL_SECONDS = 0.1
CHECK_SECONDS = 0.5
START_SECONDS = 900.0
GIB = 2**30
SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""One thread a worker: NumPy's and torch's own threads would fight over the cores."""


FALLS_BACK = {"PYTORCH_ENABLE_MPS_FALLBACK": "1"}
"""What torch has no kernel for on an Apple GPU is done on the CPU; without one it means nothing."""


class Exceeded(Exception):  # noqa: N818 - names what happened
    """A run went over a limit."""


class Supervised:
    """One worker process, started when it is first needed and again after it died.

    on_share: gets the share of the current job that is done
    """

    def __init__(self, setup: Setup, device: str, limits: Limits, on_share: Callable[[float], None]) -> None:
        self.setup, self.device, self.limits, self.on_share = setup, device, limits, on_share
        self.stopped = False
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._output = Output()
        self._needed = 0  # bytes that a process holds before its first job
        self._lock = threading.Lock()  # a message is written by one thread at a time

    def run(self, assignments: tuple[Assignment, ...]) -> tuple[Result, ...]:
        """Execute jobs at once; the result of each. What a failed one had printed comes along."""
        began = time.perf_counter()
        self.on_share(0.0)
        self._output.clear()
        outcome, reason = "failed", ""
        try:
            results = self._converse(assignments)
        except (Exceeded, NotStarted) as trouble:
            results, reason = (), str(trouble)
        except (EOFError, OSError):
            results = ()
            outcome, reason = (INTERRUPTED, "its process was ended") if self.stopped else ("failed", self._death())
        seconds = time.perf_counter() - began
        results = results or tuple(Result(each.job, outcome, reason, seconds=seconds) for each in assignments)
        if all(result.outcome in ("failed", INTERRUPTED) for result in results):
            self.kill()  # what it left behind in its process must not reach the next run
            results = tuple(replace(result, output=self._output.tail()) for result in results)
        return results

    def stop(self) -> None:
        """Ask for a checkpoint and the end of the current job. A process that is not at a job yet is ended."""
        self.stopped = True
        with contextlib.suppress(OSError, ValueError), self._lock:
            if self._connection is not None:
                self._connection.send(STOP)

    def end(self) -> None:
        """End the process now, from any thread; the one that waits for it notices."""
        self.stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def kill(self) -> None:
        """End the process and forget it. For the thread that gives it jobs, or when there is none."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _converse(self, assignments: tuple[Assignment, ...]) -> tuple[Result, ...]:
        connection = self._ready()
        if connection is None:
            return tuple(Result(each.job, INTERRUPTED, "it had not begun") for each in assignments)
        seconds = self.limits.seconds
        deadline = None if seconds is None else time.monotonic() + len(assignments) * seconds
        with self._lock:
            connection.send(assignments)
        if self.stopped:
            self.stop()
        while isinstance(message := self._next(connection, deadline), float):
            self.on_share(message)
        return message

    def _ready(self) -> Connection | None:
        """A connection to a process that waits for a job; None when it was asked to stop before there was one."""
        if self._connection is not None and self._process is not None and self._process.poll() is None:
            return self._connection
        self.kill()
        connection = self._start()
        until = time.monotonic() + START_SECONDS
        while not connection.poll(POLL_SECONDS):
            if time.monotonic() > until:
                raise Exceeded(f"its process was not ready after {START_SECONDS / 60:g} min")
            if self.stopped:
                self.kill()
                return None
        if connection.recv() != READY:
            raise EOFError
        self._needed = resident(self._process.pid) if self._process is not None else 0
        return connection

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = start(
                python("harness.execution.processes.worker", str(theirs.fileno())),
                {**SINGLE_THREADED, **FALLS_BACK, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is for the parent alone
            )
            self._connection = Connection(ours.detach())
        self._output.follow(self._process)
        self._connection.send(self.setup)
        return self._connection

    def _next(self, connection: Connection, deadline: float | None) -> float | tuple[Result, ...]:
        while not connection.poll(CHECK_SECONDS):
            self._check(deadline)
        self._check(deadline)
        message: float | tuple[Result, ...] = connection.recv()
        return message

    def _check(self, deadline: float | None) -> None:
        if deadline is not None and time.monotonic() > deadline and self.limits.seconds is not None:
            raise Exceeded(f"it took more than its time limit of {self.limits.seconds / 60:g} min (--time-limit)")
        process = self._process
        if process is not None and self.limits.gib is not None:
            held = (resident(process.pid) - self._needed) / GIB
            if held > self.limits.gib:
                raise Exceeded(f"it held {held:.2f} GiB of memory, limit {self.limits.gib:.2f} GiB (--memory-limit)")

    def _death(self) -> str:
        process = self._process
        if process is None:
            return "its process died"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        self._output.finish()
        code, last = process.returncode, self._output.last_line()
        if code is not None and code < 0:
            return f"its process died (killed by signal {-code}; out of memory is one cause)"
        return f"its process died (exit code {code}{f'; it last said: {last}' if last else ''})"
