"""What a worker process and its parent say to each other.

parent → worker: a `Setup`, then one after another any number of tuples of `Assignment`s, to be executed at once, and
                 STOP while one is worked on
worker → parent: READY, then for each tuple any number of times the share that is done, summed over its assignments, and
                 in the end a tuple with the `Result` of each
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.execution.job import WHOLE, BatchSplit, Job
from schedules.errors import named

READY, STOP = "ready", "stop"


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
    split: BatchSplit = WHOLE


def in_one_line(error: BaseException) -> str:
    """An exception as the text of a message, without what would steer a terminal."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in named(error)).split())[:500]
