"""Between studies and whoever executes runs: knows what has been run already, and runs nothing twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from harness.execution.job import PAUSED, PRUNED, Job, Result
from harness.specs import RunSpec

ENDED = ("finished", "diverged")


class Runs(Protocol):
    """What executes jobs: a `harness.execution.session.Session`."""

    @property
    def slots(self) -> int:
        """Jobs at a time."""

    def submit(self, job: Job) -> None:
        """Run this when there is room."""

    def wait(self) -> list[Result]:
        """What has ended since."""


Then = Callable[[Result], None]


class Desk:
    """Takes jobs with what to do when they have ended. Jobs of one run key follow each other.

    recorded: what the store holds of a run
    note:     told of each run that needs not be run, as its end is recorded, and how it ended
    """

    def __init__(
        self,
        runs: Runs,
        recorded: Callable[[RunSpec], Result | None],
        note: Callable[[RunSpec, str], None] = lambda spec, outcome: None,
    ) -> None:
        self._runs, self._recorded, self._note = runs, recorded, note
        self._results: dict[str, Result | None] = {}
        self._waiting: dict[str, deque[tuple[Job, Then]]] = {}
        self._answered: deque[tuple[Result, Then]] = deque()

    @property
    def slots(self) -> int:
        return self._runs.slots

    @property
    def load(self) -> int:
        """Runs that are being run or wait for it."""
        return len(self._waiting)

    def submit(self, job: Job, then: Then) -> None:
        """Run this; `then` is called from `step`."""
        key = job.spec.key
        if key in self._waiting:
            self._waiting[key].append((job, then))
            return
        if key not in self._results:
            recorded = self._results[key] = self._recorded(job.spec)
            if recorded is not None and _answer(job, recorded) is not None:
                self._note(job.spec, recorded.outcome)
        if (answer := _answer(job, self._results[key])) is not None:
            self._answered.append((answer, then))
            return
        self._waiting[key] = deque([(job, then)])
        self._runs.submit(job)

    def step(self) -> bool:
        """Hand out what has ended; whether anything had."""
        ended = list(self._answered)
        self._answered.clear()
        for result in () if ended else self._runs.wait():  # which also notices that the command is to stop
            key = result.spec.key
            if result.outcome in (*ENDED, PRUNED):
                self._results[key] = Result(result.job, result.outcome, result.reason, values=result.values)
            queue = self._waiting.pop(key)
            ended.append((result, queue.popleft()[1]))
            for job, then in queue:
                self.submit(job, then)
        for result, then in ended:
            then(result)
        return bool(ended)


def _answer(job: Job, result: Result | None) -> Result | None:
    """What a job would come to, where it is known."""
    if result is None:
        return None
    if result.outcome == "finished" and job.abandon:
        return Result(job, PRUNED, job.abandon, values=dict(result.values))
    if result.outcome in ENDED:
        return Result(job, result.outcome, result.reason, values=dict(result.values))
    if job.abandon:
        return Result(job, PRUNED, result.reason, values=dict(result.values))
    if job.until < 1.0 and any(measured.mark == job.until for measured in result.values):
        return Result(job, PAUSED, values=dict(result.values))
    return None
