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
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import entry_points

from harness import downloads, tracks
from harness.execution.capacity import memory_check
from harness.execution.executors.kind import ExecutorKind, Wanted
from harness.execution.job import Executor, Settings
from harness.plugin_file import module_of, refusing
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
        return _checked(getattr(module_of(name, "executor"), "EXECUTOR", None), f"executor {name!r}")
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
    with _named(settings.executor, kind.check, "check"):
        kind.check()
    if kind.here:  # other machines have data and weights of their own
        with downloads.withheld(dry):
            tracks.check(track)
        memory_check.check(store, track, settings)


def make(settings: Settings, store: Store, jobs: int, expected: float | None = None, track: str = "") -> Executor:
    """The executor that the settings name, for at most `jobs` at a time. UserError for one that is not there."""
    kind = get(settings.executor)
    with _named(settings.executor, kind.make, "make"):
        executor = kind.make(Wanted(settings, store, jobs, expected, track))
        if not isinstance(executor, Executor):
            raise UserError(f"its make returned a {type(executor).__name__}; expected an Executor")
    return executor


@functools.cache
def _kinds() -> dict[str, ExecutorKind]:
    files = [file.name for file in pkgutil.iter_modules(__path__) if not file.ispkg]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in files]
    kinds = [module.EXECUTOR for module in modules if hasattr(module, "EXECUTOR")]
    for point in entry_points(group=GROUP):
        with refusing(f"executor {point.value}"):
            kinds.append(_checked(point.load(), "it"))
    return {kind.name: kind for kind in kinds}


def _named(executor: str, function: Callable[..., object], part: str) -> AbstractContextManager[None]:
    """Around a call of a part of an executor: what somebody's own raises is one line that names it."""
    ours = str(getattr(function, "__module__", "")).startswith(f"{__name__}.")
    return nullcontext() if ours else refusing(f"executor {executor!r}", f"its {part} failed with")


def _checked(kind: object, label: str) -> ExecutorKind:
    if not isinstance(kind, ExecutorKind):
        raise UserError(f"{label} holds no EXECUTOR; expected an ExecutorKind under that name")
    if not isinstance(kind.name, str) or not kind.name:
        raise UserError(f"{label}: its name is {kind.name!r}; expected a text")
    for part in ("make", "check"):
        if not callable(getattr(kind, part)):
            raise UserError(f"{label}: its {part} is {getattr(kind, part)!r}; expected a function")
    return kind
