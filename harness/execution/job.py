"""What is executed, what comes back, and what every executor can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from harness.metrics.keys import Measured
from harness.specs import RunSpec

PAUSED, PRUNED, INTERRUPTED, UNWRITABLE = "paused", "pruned", "interrupted", "unwritable"


@dataclass(frozen=True)
class Job:
    """One run, or a part of it.

    until:   share of the budget, one of the track's marks, after whose evaluation the run pauses
    abandon: why a paused run is given up: what it measured is written as a result with outcome "pruned"
    tags:    further MLflow tags of the result, as (name without "snrbench.", value)
    """

    spec: RunSpec
    until: float = 1.0
    abandon: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """How a job ended.

    outcome: "finished", "diverged", "failed", "paused", "pruned", "interrupted" (asked to stop; its checkpoint is
             kept), or "unwritable" (the disk did not take the result)
    folder:  the result in the store's outbox; None when there is none
    values:  what the run has measured until now
    seconds: how long the job took
    notes:   what a user should be told
    output:  the last that the process of a failed one printed
    """

    job: Job
    outcome: str
    reason: str = ""
    folder: Path | None = None
    values: dict[Measured, float] = field(default_factory=dict)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    output: bytes = b""

    @property
    def spec(self) -> RunSpec:
        return self.job.spec


@dataclass(frozen=True)
class Limits:
    """What one run may take. seconds: of wall time; gib: of memory beside what a worker needs by itself."""

    seconds: float | None = None
    gib: float | None = None


@dataclass(frozen=True)
class BatchSplit:
    """Over how many processes the batch of one run goes, and how many rows a process takes at once; None: all."""

    processes: int = 1
    micro_batch: int | None = None

    def __bool__(self) -> bool:
        return self != WHOLE

    def tags(self) -> dict[str, str]:
        """As MLflow tags."""
        named = {"nproc": self.processes if self.processes > 1 else None, "micro_batch": self.micro_batch}
        return {name: str(value) for name, value in named.items() if value is not None}


WHOLE = BatchSplit()


@dataclass(frozen=True)
class Settings:
    """How runs are executed.

    executor: a name that `harness.execution.executors` knows, or the path of a file that holds one
    workers:  runs at a time; None lets the executor decide
    compile:  "auto", "on" or "off"
    stack:    runs of one cell that a worker executes at once; None lets `harness.execution.stacks` decide
    split:    how the batch of a run is split
    """

    executor: str = "local"
    device: str = "cpu"
    workers: int | None = None
    plugins: tuple[str, ...] = ()
    track_plugins: tuple[str, ...] = ()
    limits: Limits = Limits()
    compile: str = "auto"
    stack: int | None = 1
    split: BatchSplit = WHOLE
    metric_plugins: tuple[str, ...] = ()


@runtime_checkable
class Executor(Protocol):
    """Runs jobs somewhere. What ends is handed out once and forgotten."""

    slots: int

    def submit(self, job: Job) -> None:
        """Run this when there is room; first come, first served."""

    def wait(self, timeout: float) -> list[Result]:
        """What has ended since the last call; [] when nothing did within `timeout` seconds."""

    def shares(self) -> float:
        """Sum over the running jobs of the share that is done."""

    def stop(self, seconds: float) -> list[Result]:
        """Drop what has not begun, and let the rest write a checkpoint and stop; after `seconds` it is ended."""

    def kill(self) -> None:
        """End every worker now."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
