"""What happens on a node of a Ray cluster: the task's process supervises a worker process, as on one machine."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray

from harness.execution.executors.parts.folder_archive import pack, unpack_into
from harness.execution.job import INTERRUPTED, PAUSED, Limits, Result
from harness.execution.processes.messages import Assignment, Setup
from harness.execution.processes.supervision import Supervised

TELL_SECONDS = 0.5

_workers: dict[tuple[Setup, str | None], Supervised] = {}


@dataclass(frozen=True)
class Order:
    """A job for a node.

    sources:    path and content of each plugin that is a file, by the name under which it was given
    sign:       a file in the store; a node that has it at this path sees the store
    checkpoint: the run's checkpoints, packed, for a node that does not
    """

    assignment: Assignment
    setup: Setup
    limits: Limits
    sources: dict[str, tuple[Path, bytes]]
    sign: Path
    checkpoint: bytes | None


@dataclass
class Outcome:
    """A node's answer: the result, and the folders that the driver cannot see, packed."""

    result: Result
    folder: bytes | None = None
    checkpoint: bytes | None = None


class Board:
    """What the running tasks say of themselves, and whether they should stop."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}
        self._stopping = False

    def tell(self, key: str, share: float | None) -> bool:
        """Note the share done; None: it has ended. Whether to stop."""
        if share is None:
            self._shares.pop(key, None)
        else:
            self._shares[key] = share
        return self._stopping

    def shares(self) -> float:
        """Sum of the shares."""
        return sum(self._shares.values())

    def stop(self) -> None:
        """From now on everybody is told to stop."""
        self._stopping = True


def execute_order(order: Order, board: Any) -> Outcome:
    """Run a job in a worker process of this node."""
    seen = order.sign.exists()
    with tempfile.TemporaryDirectory(prefix="snrbench-") as scratch:
        assignment = replace(order.assignment, outbox=Path(scratch) / "outbox")
        assignment.outbox.mkdir()
        if not seen:
            assignment = replace(assignment, checkpoints=Path(scratch) / "checkpoints")
            if order.checkpoint is not None:
                unpack_into(order.checkpoint, assignment.checkpoints)
        result = _watched(_worker(order), assignment, board)
        outcome = Outcome(replace(result, folder=None))
        if result.folder is not None:
            outcome.folder = pack(result.folder)
        if not seen and result.outcome in (PAUSED, INTERRUPTED):
            outcome.checkpoint = pack(assignment.checkpoints)
    return outcome


def sources(plugins: Iterable[str]) -> dict[str, tuple[Path, bytes]]:
    """Path and content of those that are files."""
    return {name: (Path(name).resolve(), Path(name).read_bytes()) for name in plugins if name.endswith(".py")}


def _watched(worker: Supervised, assignment: Assignment, board: Any) -> Result:
    key, ended, share = assignment.job.spec.key, threading.Event(), 0.0

    def note(value: float) -> None:
        nonlocal share
        share = value

    def tell() -> None:
        while not ended.wait(TELL_SECONDS):
            if ray.get(board.tell.remote(key, share)):
                worker.stop()

    worker.on_share, worker.stopped = note, False
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        (result,) = worker.run((assignment,))
        return result
    finally:
        ended.set()
        board.tell.remote(key, None)


def _worker(order: Order) -> Supervised:
    """The worker process of this task's process, which Ray uses again; another one for another GPU."""
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
    setup = replace(
        order.setup,
        plugins=tuple(_placed(name, order.sources) for name in order.setup.plugins),
        track_plugins=tuple(_placed(name, order.sources) for name in order.setup.track_plugins),
        metric_plugins=tuple(_placed(name, order.sources) for name in order.setup.metric_plugins),
    )
    for key in [key for key in _workers if key != (setup, gpus)]:
        _workers.pop(key).kill()
    if (setup, gpus) not in _workers:
        _workers[setup, gpus] = Supervised(setup, order.assignment.device, order.limits, lambda share: None)
    return _workers[setup, gpus]


def _placed(name: str, files: dict[str, tuple[Path, bytes]]) -> str:
    """A plugin's file on this node: itself where the node sees it, else a copy; a module stays what it is."""
    if name not in files:
        return name
    path, content = files[name]
    if path.is_file() and path.read_bytes() == content:
        return str(path)
    folder = Path(tempfile.gettempdir()) / f"snrbench-plugins-{hashlib.sha256(content).hexdigest()[:16]}"
    copy = folder / path.name
    if not copy.exists():
        folder.mkdir(exist_ok=True)
        partial = folder / f".{os.getpid()}"
        partial.write_bytes(content)
        os.replace(partial, copy)
    return str(copy)
