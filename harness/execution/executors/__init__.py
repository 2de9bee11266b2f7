"""Executors: one interface, several places to run."""

from __future__ import annotations

from dataclasses import replace

from harness.execution.capacity.limits import completed
from harness.execution.job import Executor, Settings
from harness.results.store import Store
from schedules.errors import UserError

NAMES = ("local", "ray")


def make(settings: Settings, store: Store, jobs: int, expected: float | None = None, track: str = "") -> Executor:
    """The executor that the settings name, for at most `jobs` at a time. UserError for one that is not there.

    expected: seconds of a run, if known; what a run may take is judged by it
    track:    what will be run; how much memory its runs take on a GPU is known from earlier ones
    """
    if settings.executor == "local":
        from harness.execution.capacity.devices import devices_of
        from harness.execution.capacity.worker_count import workers_for
        from harness.execution.executors.local import LocalExecutor
        from harness.execution.stacks import stack_size

        workers = max(1, min(workers_for(settings, store, track), jobs))
        limits = completed(settings.limits, expected, workers, settings.device)
        stack = stack_size(settings, store, track)
        # The processes of a run have a GPU each, so that their worker is dealt none.
        devices = [settings.device] if settings.split.processes > 1 else devices_of(settings.device)
        return LocalExecutor(replace(settings, limits=limits), store, workers, devices, stack)
    if settings.executor == "ray":
        try:
            from harness.execution.executors.on_ray import RayExecutor
        except ImportError as error:
            raise UserError("--executor ray needs Ray: pip install 'snrbench[ray]'") from error
        return RayExecutor(settings, store, jobs, expected, track)
    raise UserError(f"unknown executor {settings.executor!r}; expected one of {', '.join(NAMES)}")
