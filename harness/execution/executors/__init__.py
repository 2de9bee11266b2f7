"""Executors: one interface, several places to run, each found by being a file of this folder with an `EXECUTOR`.

One of somebody's own is a file that `--executor` names by its path, or an entry point in `snrbench.executors`:

    # my_machines.py
    from harness.execution.executors.kind import ExecutorKind

    EXECUTOR = ExecutorKind("my-machines", lambda wanted: MyExecutor(wanted.jobs))
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from importlib.metadata import entry_points

from harness import downloads, tracks
from harness.execution.capacity import memory_check
from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.job import Executor, Settings
from harness.plugin_file import module_of
from harness.results import read
from harness.results.store import Store
from schedules.errors import UserError, unknown

GROUP = "snrbench.executors"


def names() -> list[str]:
    """What `--executor` can be, besides a file."""
    return sorted(_kinds())


def get(name: str) -> ExecutorKind:
    """The executor of this name, or of the file of this path. UserError for one that is not there."""
    if name.endswith(".py"):
        kind = getattr(module_of(name, "executor"), "EXECUTOR", None)
        if not isinstance(kind, ExecutorKind):
            raise UserError(f"executor {name!r} holds no EXECUTOR; expected an ExecutorKind under that name")
        return kind
    if name not in _kinds():
        raise unknown("executor", name, names())
    return _kinds()[name]


def check(settings: Settings, store: Store, track: str, dry: bool = False) -> None:
    """UserError for what is known to go wrong before anything starts, whether the command then starts or not.

    A store that cannot be written, an option of the track that its part does not take; on this machine also data that
    are not there, and a run that does not fit its memory.

    dry: nothing is downloaded, and what would be is taken for there
    """
    tracks.check_options(track)
    store.check()
    read.check_active(store, [track, f"{track}/tuning"])
    kind = get(settings.executor)
    kind.check()
    if kind.here:  # other machines have data and weights of their own
        with downloads.withheld(dry):
            tracks.check(track)
        memory_check.check(store, track, settings)


def make(settings: Settings, store: Store, jobs: int, expected: float | None = None, track: str = "") -> Executor:
    """The executor that the settings name, for at most `jobs` at a time. UserError for one that is not there."""
    return get(settings.executor).make(Wanted(settings, store, jobs, expected, track))


@functools.cache
def _kinds() -> dict[str, ExecutorKind]:
    files = [file.name for file in pkgutil.iter_modules(__path__) if not file.ispkg]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in files]
    kinds = [module.EXECUTOR for module in modules if hasattr(module, "EXECUTOR")]
    kinds += [point.load() for point in entry_points(group=GROUP)]
    return {kind.name: kind for kind in kinds}
