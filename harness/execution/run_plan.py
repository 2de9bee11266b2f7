"""Runs a plan to its end and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from harness.execution.estimate import Estimate
from harness.execution.job import Job, Result, Settings
from harness.execution.session import Session
from harness.results.store import Store


@dataclass
class Report:
    """What came of a plan. failed: a line for each run that failed; code: 0 when all is done and recorded, else 1.

    runs: each that ended
    """

    runs: list[Result] = field(default_factory=list)
    finished: int = 0
    diverged: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    code: int = 0

    def add(self, result: Result) -> None:
        """Count one run."""
        self.runs.append(result)
        if result.outcome == "failed":
            self.failed.append(f"{result.spec}: {result.reason}")
        elif result.outcome == "diverged":
            self.diverged += 1
        else:
            self.finished += 1


def run_jobs(
    store: Store,
    track: str,
    jobs: list[Job],
    settings: Settings,
    console: Console,
    expected: Estimate,
    report: Report | None = None,
    before: int = 0,
) -> Report:
    """Run the jobs; every result is in MLflow, or waits in the outbox and is counted. Raises Halt.

    report: to be added to, for a caller that wants it after a Halt, too
    before: runs of the same request that are in the store already
    """
    report = report or Report()
    planned = [job.spec for job in jobs]
    with Session(store, settings, console, track=track, planned=planned, expected=expected, before=before) as session:
        for job in jobs:
            session.submit(job)
        while session.open:
            for result in session.wait():
                report.add(result)
                if result.outcome != "finished":
                    session.say(f"{result.outcome}: {result.spec}: {result.reason}")
    report.seconds = session.seconds
    report.code = 1 if report.failed else session.code
    return report
