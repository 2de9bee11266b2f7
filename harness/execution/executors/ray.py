"""Runs on a Ray cluster (RAY_ADDRESS): every run is a task of its own."""

from __future__ import annotations

from importlib.util import find_spec

from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.job import Executor
from schedules.errors import UserError


def _check() -> None:
    if find_spec("ray") is None:
        raise UserError("--executor ray needs Ray: pip install -e '.[ray]' where snrbench was cloned")


def _make(request: Wanted) -> Executor:
    _check()
    from harness.execution.executors.parts.ray_tasks import RayExecutor

    return RayExecutor(request.settings, request.store, request.jobs, request.expected, request.track)


EXECUTOR = ExecutorKind("ray", _make, check=_check)
