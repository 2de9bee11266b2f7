"""Loading plugins: a file, a module, or whatever installed packages announce as an entry point.

Nothing is imported unasked. Every way that an import can fail becomes one line, and what a plugin had registered
before it failed is forgotten.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from schedules.errors import UserError, named, text_of
from schedules.registry import Registry, registering
from schedules.schedule import SCHEDULES
from schedules.transforms import TRANSFORMS
from schedules.user_code import python_file
from schedules.user_code.guarded_calls import FROM_OUTSIDE, foreign
from schedules.weightings import WEIGHTINGS

GROUP = "snrbench.schedules"

_loading: set[str] = set()
_loaded: dict[str, set[tuple[str, str]]] = {}  # what each loaded plugin registered, as (kind, name)


def load_plugin(plugin: str | os.PathLike[str]) -> list[str]:
    """Import a plugin and return the names it registered; loading it again does nothing.

    plugin: path of a file that ends in .py, or a dotted module (also looked for in the working directory)
    UserError: not found, not importable, or it registers nothing.

        >>> import schedules
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder) / "mine.py"
        ...     lines = "from scipy import stats", "from schedules import register", "@register('mine')"
        ...     _ = file.write_text("\\n".join([*lines, "def mine():", "    return stats.norm(0, 2)"]))
        ...     schedules.load_plugin(file)
        ['mine']
    """
    named = os.fspath(plugin)
    if named.endswith(".py") or os.sep in named:
        return _load_file(Path(named))
    key = f"module {named}"
    return _load(key, f"plugin {named}", lambda: _import_module(named), named)


@functools.cache
def load_entry_points() -> list[str]:
    """Import every plugin that installed packages announce in the group `snrbench.schedules`; the names registered.

    Commands do so by themselves; in Python it is asked for. UserError: one of them is broken; it is named with its
    package.

        >>> import schedules
        >>> schedules.load_entry_points()  # none, where no package of that kind is installed
        [...]
    """
    registered: list[str] = []
    for point in entry_points(group=GROUP):
        package = point.dist.name if point.dist else "an unknown package"
        origin = f"entry point {point.name} of {package}"
        registered += _load(f"entry point {point.value}", origin, functools.partial(_load_point, point), point.value)
    return registered


def _load_file(path: Path) -> list[str]:
    if path.is_dir():
        raise UserError(f"plugin {str(path)!r}: a folder; expected a file that ends in .py, or a dotted module")
    if not path.is_file():
        raise UserError(f"plugin {str(path)!r}: no such file")
    path = path.resolve()
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise UserError(f"plugin {str(path)!r}: {problem.strerror}") from problem
    digest = hashlib.sha256(text).hexdigest()
    module = f"snrbench_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    for key in [key for key in _loaded if key.startswith(f"file {path} ") and not key.endswith(digest)]:
        _forget(_loaded.pop(key))  # edited since it was loaded: the old version makes room
    return _load(f"file {path} {digest}", f"plugin {path.name}", lambda: _import_file(path, module, text), module)


def _load(key: str, origin: str, load: Callable[[], None], module: str) -> list[str]:
    if key in _loading:
        raise UserError("it loads itself")
    if key not in _loaded:
        for registry in _registries():
            registry.load_builtins()
        before = _registered()
        try:
            _loading.add(key)
            with registering(origin), foreign():
                load()
        except FROM_OUTSIDE:
            raise
        except BaseException as problem:
            _forget(_registered() - before)
            raise UserError(f"{origin}: {text_of(problem)}") from problem
        finally:
            _loading.discard(key)
        new = (_registered() - before) | _defined_in(module)
        if not new:
            raise UserError(f"{origin} registers no schedule and no weighting; is a @register missing?")
        _loaded[key] = new
    return sorted(name for _, name in _loaded[key])


def _import_file(path: Path, name: str, text: bytes) -> None:
    try:
        python_file.load(path, name, text)
    except BaseException as problem:
        raise _explained(problem) from problem


def _import_module(name: str) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UserError("expected a file that ends in .py, or a dotted module")
    try:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not f"{name}.".startswith(f"{missing.name}."):
                raise
            with _working_directory_importable():
                importlib.import_module(name)
        if getattr(sys.modules.get(name), "__file__", "") is None:
            raise UserError("a folder; expected a file that ends in .py, or a dotted module")
    except BaseException as problem:
        raise _explained(problem) from problem


def _load_point(point: EntryPoint) -> None:
    try:
        point.load()
    except BaseException as problem:
        raise _explained(problem) from problem


def _explained(problem: BaseException) -> BaseException:
    """The failure of an import as one line; our own errors and interruptions pass unchanged."""
    if isinstance(problem, (UserError, *FROM_OUTSIDE)):
        return problem
    if isinstance(problem, SyntaxError):
        where = "" if problem.lineno is None else f" in line {problem.lineno}"
        return UserError(f"syntax error{where}: {problem.msg}")
    if isinstance(problem, SystemExit):
        return UserError("exits when imported")
    return UserError(f"import failed with {named(problem)}")


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    """The user named the module, so for this import the working directory counts; no byte code is left in it."""
    here, before = str(Path.cwd()), sys.dont_write_bytecode
    sys.path.insert(0, here)
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(here)
        sys.dont_write_bytecode = before


def _registries() -> tuple[Registry, ...]:
    return (SCHEDULES, TRANSFORMS, WEIGHTINGS)


def _registered() -> set[tuple[str, str]]:
    return {(registry.kind, name) for registry in _registries() for name in registry.names()}


def _defined_in(module: str) -> set[tuple[str, str]]:
    """What a module registered when it was imported earlier, by whoever."""
    return {
        (registry.kind, name)
        for registry in _registries()
        for name in registry.names()
        if f"{registry.info(name).function.__module__}.".startswith(f"{module.partition(':')[0]}.")
    }


def _forget(entries: set[tuple[str, str]]) -> None:
    for registry in _registries():
        for kind, name in entries:
            if kind == registry.kind:
                registry.remove(name)
