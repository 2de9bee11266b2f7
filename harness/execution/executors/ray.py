"""Runs on a Ray cluster (RAY_ADDRESS): every run is a task of its own."""

from __future__ import annotations

from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.job import Executor
from schedules.errors import UserError


def _make(request: Wanted) -> Executor:
    try:
        from harness.execution.executors.parts.ray_tasks import RayExecutor
    except ImportError as error:
        raise UserError("--executor ray needs Ray: pip install 'snrbench[ray]'") from error
    return RayExecutor(request.settings, request.store, request.jobs, request.expected, request.track)


EXECUTOR = ExecutorKind("ray", _make)
