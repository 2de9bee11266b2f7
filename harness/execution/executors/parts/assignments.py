"""Where a job's files are, what a worker loads, and what becomes of its result."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

from harness.execution.job import UNWRITABLE, Job, Result, Settings
from harness.execution.processes.messages import Assignment, Setup
from harness.results.store import Store
from schedules.errors import named

GIB = 2**30


def setup_of(settings: Settings, device: str) -> Setup:
    """What a worker for this device loads.

    On a GPU the driver maps far more memory than it uses, so that the system limits a CPU worker's allocations only;
    the others are watched.
    """
    gib = settings.limits.gib
    limited = gib is not None and device.startswith("cpu")
    limit = int((gib or 0) * GIB) if limited else None
    return Setup(settings.plugins, settings.track_plugins, limit, settings.metric_plugins)


def checkpoints_of(store: Store, job: Job) -> Path:
    """Folder of a run's checkpoints."""
    return store.root / "checkpoints" / job.spec.key


def assignment(settings: Settings, store: Store, job: Job, device: str) -> Assignment:
    """The job with its places. What it was loaded from is kept with it, for whoever wants to repeat it."""
    tags = _loaded(settings) | settings.split.tags()
    return Assignment(job, device, checkpoints_of(store, job), store.outbox, tags, settings.compile, settings.split)


def settled(settings: Settings, store: Store, job: Job, result: Result, device: str, started: float) -> Result:
    """What came of a job, with its files as they should be. A failed run gets its result folder here, since its
    process may be gone.

    A run whose result is safe needs its checkpoints no more; a failed one may go on from them when it is repeated.

    started: seconds since the epoch
    """
    if result.outcome == "failed" and result.folder is None:
        result = _recorded(settings, store, job, result, device, started)
    elif result.folder is not None:
        shutil.rmtree(checkpoints_of(store, job), ignore_errors=True)
    return replace(result, job=job, output=b"")


def _recorded(settings: Settings, store: Store, job: Job, result: Result, device: str, started: float) -> Result:
    import torch

    from harness.results import run_folder

    try:
        folder = run_folder.write(
            store.outbox,
            run_folder.failed(job.spec, result.reason),
            torch.device(device),
            started,
            time.time(),
            extra_tags={**_loaded(settings), **dict(job.tags)},
            output=result.output,
        )
    except OSError as error:
        return Result(job, UNWRITABLE, named(error))
    return replace(result, folder=folder)


def _loaded(settings: Settings) -> dict[str, str]:
    loaded = {
        "plugins": settings.plugins,
        "track_plugins": settings.track_plugins,
        "metric_plugins": settings.metric_plugins,
    }
    return {kind: json.dumps(files) for kind, files in loaded.items() if files}
