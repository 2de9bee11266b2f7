"""What a worker process and its parent say to each other.

parent → worker: a `Setup`, then any number of `Assignment`s and `Stack`s one after another, and STOP while one is
                 worked on
worker → parent: READY, then for each of them any number of (SHARE, share done) and one `Reply`
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.execution.job import WHOLE, Job, Split
from harness.metrics.keys import Measured
from schedules.errors import named

READY, SHARE, STOP = "ready", "share", "stop"


@dataclass(frozen=True)
class Setup:
    """What a process loads before its first job. limit_data: bytes it may allocate after that; None: no limit."""

    plugins: tuple[str, ...]
    track_plugins: tuple[str, ...]
    limit_data: int | None
    metric_plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """A job, and where its files go.

    tags:    further MLflow tags that do not depend on the job
    compile: "auto", "on" or "off"
    """

    job: Job
    device: str
    checkpoints: Path
    outbox: Path
    tags: dict[str, str]
    compile: str = "auto"
    split: Split = WHOLE


@dataclass(frozen=True)
class Stack:
    """Jobs to be executed at once. The share done of it is the sum over its jobs."""

    assignments: tuple[Assignment, ...]


@dataclass
class Reply:
    """How a job ended; see `harness.execution.job.Done`. output: the last that a failed one printed.

    members: of a stack, how each of its jobs ended; none where the stack as a whole failed or was interrupted
    """

    outcome: str
    reason: str = ""
    folder: Path | None = None
    values: dict[Measured, float] = field(default_factory=dict)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    output: bytes = b""
    members: tuple[Reply, ...] = ()


def in_one_line(error: BaseException) -> str:
    """An exception as the text of a message, without what would steer a terminal."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in named(error)).split())[:500]
