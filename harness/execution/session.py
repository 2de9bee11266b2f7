"""A command at work: jobs to an executor, results to MLflow, a plan for whoever looks, an end when it is asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import NoReturn, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.execution import executors, plan_files
from harness.execution.estimate import Estimate
from harness.execution.job import PAUSED, UNWRITABLE, Executor, Job, Result, Settings
from harness.execution.stop_signals import Halt, Signals, Stopped, StoreFull
from harness.heartbeat import heartbeat
from harness.results.delivery import Courier
from harness.results.store import Store
from harness.specs import RunSpec

POLL_SECONDS = 0.25
STOP_SECONDS = 3.5
LAST_SECONDS = 0.5


class Session:
    """Runs jobs and takes care of all that is around them.

    with Session(store, settings, console, track="digits-v1", planned=runs) as session:
        for run in runs:
            session.submit(Job(run))
        while session.open:
            for result in session.wait(): ...
    code = session.code

    planned: runs known from the beginning, in the order in which they will be submitted
    total:   runs that there will be, at most, where not all are known; a run in parts is one
    before:  runs of the same request that ended before, under other commands
    deadline: time.monotonic() by which its maker ends it; then that is the time left, whatever the runs take
    slots:   jobs at a time
    open:    jobs submitted that have not been handed out by `wait`

    What cannot go on leaves the block as a `Halt`, with the workers stopped and their checkpoints written: `Stopped`
    after a signal, `StoreFull`, or what `halt` was given. UserError where no result could be recorded.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        console: Console,
        *,
        track: str,
        planned: Iterable[RunSpec] = (),
        total: int | None = None,
        expected: Estimate | None = None,
        before: int = 0,
        deadline: float | None = None,
    ) -> None:
        self.store, self.settings, self.console, self.track = store, settings, console, track
        self._planned = list(planned)
        self.total = total if total is not None else len(self._planned)
        self.before = before
        self.deadline = deadline
        self.expected = expected or Estimate({}, "")
        self.open = 0
        self._ended: set[str] = set()
        self.undelivered = 0
        self.code = 0
        self._started = time.monotonic()
        self._state = "starting"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(heartbeat(self.console, lambda: self._state))
            self._executor: Executor = stack.enter_context(
                executors.make(self.settings, self.store, self.total, self.expected.longest, self.track)
            )
            self._signals = stack.enter_context(Signals())  # after Ray, which has a handler of its own
            self._progress = stack.enter_context(_progress(self.console))
            self._task = self._progress.add_task("", completed=self.before, total=self.before + self.total, left="")
            self._courier = Courier(self.store, self.say)
            self._recorder = plan_files.Recorder(
                self.store, self._planned, self.slots, self.expected.seconds, self.total, before=self.before
            )
            self._planned.clear()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undelivered = self._courier.close(None if error is None else LAST_SECONDS)
        if self._courier.full and error is None:
            error = StoreFull(self._courier.full)
        unfinished = error is not None or self.undelivered or self._courier.damaged
        self.code = error.code if isinstance(error, Halt) else int(bool(unfinished))
        if kind is None or isinstance(error, Halt):
            self._recorder.close(self.code)
        self._stack.__exit__(kind, error, trace)
        if kind is None and isinstance(error, StoreFull):
            raise error
        if self.undelivered and not isinstance(error, Halt):
            self.say(self._left_over())

    @property
    def slots(self) -> int:
        return self._executor.slots

    @property
    def seconds(self) -> float:
        """Since the session was made."""
        return time.monotonic() - self._started

    @property
    def time_left(self) -> str:
        """Until the deadline, as every line says it; "" where there is none."""
        return "" if self.deadline is None else _left(max(0.0, self.deadline - time.monotonic()), "at most")

    def submit(self, job: Job) -> None:
        """Run this when there is room."""
        self._recorder.planned(job.spec)
        self.open += 1
        self._executor.submit(job)

    def recorded(self, spec: RunSpec, outcome: str) -> None:
        """Of a run that was asked for the store has the end: it is counted, and not run."""
        self._ended.add(spec.key)
        self._recorder.recorded(spec, outcome)

    def wait(self, timeout: float = POLL_SECONDS) -> list[Result]:
        """What has ended since; [] when nothing did within `timeout` seconds. Results are on their way to MLflow."""
        if self._signals.asked is not None:
            self.say("stopping: runs write their checkpoints")
            self.halt(Stopped(self._signals.asked))
        if self._courier.full:
            self.halt(StoreFull(self._courier.full))
        results = self._executor.wait(timeout)
        unwritable = [result for result in results if result.outcome == UNWRITABLE]
        results = [result for result in results if result.outcome != UNWRITABLE]
        for result in results:
            self._take(result)
        if unwritable:
            self.halt(StoreFull(unwritable[0].reason))
        self._show()
        return results

    def _take(self, result: Result) -> None:
        self.open -= 1
        if result.outcome != PAUSED:
            self._ended.add(result.spec.key)
        self._recorder.ended(result.spec, result.outcome, result.seconds)
        for note in result.notes:
            self.say(f"{result.spec}: {note}")
        if result.folder is not None:
            self._courier.send(result.folder)

    def halt(self, halt: Halt) -> NoReturn:
        """Stop the workers, their checkpoints written, and leave the block."""
        for result in self._executor.stop(STOP_SECONDS):
            if result.folder is not None:
                self._take(result)
        raise halt

    def _show(self) -> None:
        self._recorder.beat()
        share = len(self._ended) + self._executor.shares()
        total = max(self.total, len(self._ended) + self.open)
        time_left = self.time_left or _time_left(self.seconds, share, total)
        self._state = f"{self.before + len(self._ended)} of {self.before + total} runs {time_left}".rstrip()
        with suppress(OSError):
            self._progress.update(self._task, completed=self.before + share, total=self.before + total, left=time_left)

    def say(self, line: str) -> None:
        """A line for the user, above the progress bar; also where the console is quiet, since something went wrong."""
        with suppress(OSError):  # the terminal may be gone
            if self.console.quiet:
                print(line, file=sys.stderr)
            else:
                self.console.print(Text(line), soft_wrap=True)

    def _left_over(self) -> str:
        return (
            f"{self.undelivered} results are not recorded: MLflow does not take them ({self._courier.trouble}). "
            f"They are kept in {self.store.outbox}; `snrbench sync` records them"
        )


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs ·"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
    )


def _time_left(elapsed: float, done: float, total: int) -> str:
    """Time left, once there is enough to judge by."""
    if done < 0.5:
        return ""
    return _left(elapsed / done * (total - done), "about")


def _left(seconds: float, how: str) -> str:
    return f"· {how} {seconds / 60:.0f} min left" if seconds > 90 else f"· {how} {seconds:.0f} s left"
