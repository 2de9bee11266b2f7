"""What an executor is: a name, what it can do, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.execution.job import Executor, Settings
from harness.results.store import Store


@dataclass(frozen=True)
class Wanted:
    """What an executor is made for.

    jobs:     the most that there will be at a time
    expected: seconds of a run, if known; what a run may take is judged by it
    track:    what will be run; how much memory its runs take on a GPU is known from earlier ones
    """

    settings: Settings
    store: Store
    jobs: int
    expected: float | None = None
    track: str = ""


@dataclass(frozen=True)
class ExecutorKind:
    """A place to run, as a file of this folder, an entry point or a user's file declares it under the name `EXECUTOR`.

    name:   what `--executor` calls it
    make:   the executor for what is wanted (`harness.execution.job.Executor`); UserError where it can't be had
    here:   whether it runs on this machine, whose devices, memory and data are then looked at before
    stacks: whether a worker can execute several runs at once (`--stack`)
    splits: whether a run can go over several processes (`--nproc`)
    check:  UserError for what `make` needs and is not installed
    """

    name: str
    make: Callable[[Wanted], Executor]
    here: bool = False
    stacks: bool = False
    splits: bool = False
    check: Callable[[], None] = lambda: None
