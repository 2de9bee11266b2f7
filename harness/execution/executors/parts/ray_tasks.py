"""Runs on a Ray cluster, each one a task that asks for a core and, where there are GPUs, a share of one.

`RAY_ADDRESS` names an existing cluster; without it Ray is started on this machine. The nodes need snrbench, not the
store: results come back over Ray. Where a node sees the store's folder, checkpoints are in it, and a run whose node is
lost goes on from the last one elsewhere; else it begins anew. Ray does the retrying.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import time
import uuid
from collections import deque
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.execution.capacity.limits import completed
from harness.execution.capacity.worker_count import share_of_gpu
from harness.execution.executors.parts import ray_node
from harness.execution.executors.parts.assignments import assignment, checkpoints_of, settled, setup_of
from harness.execution.executors.parts.folder_archive import pack, unpack, unpack_into
from harness.execution.executors.parts.killed_on_leaving import KilledOnLeaving
from harness.execution.executors.parts.ray_node import Order, Outcome
from harness.execution.job import UNWRITABLE, Job, Result, Settings
from harness.results.errors import in_one_line
from harness.results.store import Store
from schedules.errors import UserError, named

RETRIES = 3
QUEUED_A_SLOT = 2  # so that a slot never waits for the next task to reach its node


class RayExecutor(KilledOnLeaving):
    """Executes jobs as Ray tasks. See `harness.execution.job.Executor`.

    slots: tasks that the cluster takes at a time, by its cores or GPUs, as long as nodes neither come nor go
    """

    def __init__(self, settings: Settings, store: Store, jobs: int, expected: float | None, track: str = "") -> None:
        self.store = store
        self._own = not ray.is_initialized()
        self._empty = tempfile.TemporaryDirectory(prefix="snrbench-")
        if self._own:
            _connect(self._empty.name)
        gpus = float(ray.cluster_resources().get("GPU", 0.0))
        device = ("cuda" if gpus else "cpu") if settings.device == "auto" else settings.device
        if device.startswith("cuda") and not gpus:
            raise UserError(f"--device {device}: no node of the Ray cluster has a GPU")
        self._share = share_of_gpu(store, track) if device.startswith("cuda") else 0.0
        room = int(gpus / self._share) if self._share else int(ray.cluster_resources().get("CPU", 1))
        self.slots = max(1, min(settings.workers or room, jobs))
        self._at_once = self.slots if settings.workers else QUEUED_A_SLOT * self.slots
        limits = completed(settings.limits, expected, self.slots, device)
        # The memory of this machine says nothing about the nodes'.
        self.settings = replace(settings, device=device, limits=replace(limits, gib=settings.limits.gib))
        self._sources = ray_node.sources((*settings.plugins, *settings.track_plugins, *settings.metric_plugins))
        self._waiting: deque[Job] = deque()
        self._running: dict[Any, tuple[Job, float]] = {}
        self._sign = store.root / f".ray-{uuid.uuid4().hex}"
        self._sign.touch()
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._board: Any = ray.remote(ray_node.Board).options(num_cpus=0, scheduling_strategy=here).remote()
        self._task = ray.remote(ray_node.execute_order).options(
            num_cpus=1, num_gpus=self._share, max_retries=RETRIES, scheduling_strategy="SPREAD"
        )

    def submit(self, job: Job) -> None:
        """Run this when the cluster has room."""
        self._waiting.append(job)
        self._feed()

    def wait(self, timeout: float) -> list[Result]:
        """What has ended since the last call."""
        self._feed()
        if not self._running:
            time.sleep(timeout)
            return []
        ready, _ = ray.wait(list(self._running), timeout=timeout)
        rest = [ref for ref in self._running if ref not in ready]
        more, _ = ray.wait(rest, num_returns=len(rest), timeout=0) if ready and rest else ([], [])
        results = [self._collect(ref) for ref in (*ready, *more)]
        self._feed()
        return results

    def shares(self) -> float:
        """Sum over the running jobs of the share that is done."""
        return float(ray.get(self._board.shares.remote()))

    def stop(self, seconds: float) -> list[Result]:
        """Have each run write a checkpoint and stop; end those that have not after `seconds`."""
        self._waiting.clear()
        self._board.stop.remote()
        deadline = time.monotonic() + seconds
        results: list[Result] = []
        while self._running and time.monotonic() < deadline:
            results += self.wait(0.1)
        self.kill()
        return results

    def kill(self) -> None:
        """End every task now."""
        self._waiting.clear()
        for ref in self._running:
            ray.cancel(ref, force=True)
        self._running.clear()

    def __exit__(self, *problem: object) -> None:
        super().__exit__(*problem)
        self._sign.unlink(missing_ok=True)
        ray.kill(self._board)
        if self._own:
            ray.shutdown()
        self._empty.cleanup()

    def _feed(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            job = self._waiting.popleft()
            task = assignment(self.settings, self.store, job, self.settings.device)
            order = Order(
                task,
                setup_of(self.settings, self.settings.device),
                self.settings.limits,
                self._sources,
                self._sign,
                pack(task.checkpoints),
            )
            self._running[self._task.remote(order, self._board)] = job, time.time()

    def _collect(self, ref: Any) -> Result:
        job, started = self._running.pop(ref)
        try:
            outcome: Outcome = ray.get(ref)
        except RayError as error:
            outcome = Outcome(Result(job, "failed", f"Ray gave it up: {in_one_line(error)}"))
        result = outcome.result
        try:
            if outcome.checkpoint is not None:
                unpack_into(outcome.checkpoint, checkpoints_of(self.store, job))
            if outcome.folder is not None:
                result = replace(result, folder=unpack(outcome.folder, self.store.outbox))
        except OSError as error:
            return Result(job, UNWRITABLE, named(error))
        return settled(self.settings, self.store, job, result, "cpu", started)


def _connect(folder: str) -> None:
    """Start or join a cluster. folder: an empty one, which workers get in the place of the working directory."""
    address = os.environ.get("RAY_ADDRESS")
    try:
        # Ray puts the directory in which it is asked first on the path of every worker.
        with contextlib.chdir(folder):
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=None if address else False,
                configure_logging=True,
            )
    except (OSError, RuntimeError, ValueError) as error:
        where = f"the Ray cluster at {address} (RAY_ADDRESS)" if address else "Ray"
        raise UserError(f"{where} cannot be used: {in_one_line(error)}") from error
