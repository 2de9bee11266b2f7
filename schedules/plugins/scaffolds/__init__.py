"""What a new plugin starts from, by what the schedule is given by: one file a kind, found by being in this folder.

Each file has a `SCAFFOLD`; `schedules.plugins.scaffold` writes it out.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass

from schedules.errors import unknown


@dataclass(frozen=True)
class Scaffold:
    """The text of a plugin, and that of its test; NAME in them stands for the schedule's name."""

    kind: str
    plugin: str
    test: str


def kinds() -> list[str]:
    """Every kind, sorted."""
    return sorted(_scaffolds())


def get(kind: str) -> Scaffold:
    """A scaffold by its kind. UserError: unknown."""
    if kind not in _scaffolds():
        raise unknown("kind of schedule", kind, _scaffolds())
    return _scaffolds()[kind]


@functools.cache
def _scaffolds() -> dict[str, Scaffold]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    scaffolds = (module.SCAFFOLD for module in modules)
    return {scaffold.kind: scaffold for scaffold in scaffolds}
