"""Schedules as text for other people's training loops: one file a format, found by being in this folder.

Each file has a `FORMAT`. Their face is `schedules.export`; the flags of known trainers are `schedules.trainers`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from schedules.errors import unknown
from schedules.schedule import Schedule

__all__ = ["Format", "get", "names"]


@dataclass(frozen=True)
class Format:
    """A way of writing a schedule down.

    name:     as the command line knows it
    write:    the schedule as text
    file:     what to call a file of it
    language: of the text, for colouring
    place:    among the formats, the first one offered first

        >>> from schedules import exports
        >>> exports.get("json").file
        'schedule.json'
    """

    name: str
    write: Callable[[Schedule], str]
    file: str
    language: str
    place: int


def names() -> tuple[str, ...]:
    """Every format, in the order in which they are offered.

    >>> from schedules import exports
    >>> exports.names()
    ('torch', 'diffusers', 'json')
    """
    return tuple(by_name())


def get(name: str) -> Format:
    """A format by name. UserError: unknown.

    >>> from schedules import exports
    >>> exports.get("torch").language
    'python'
    """
    if name not in by_name():
        raise unknown("export format", name, by_name())
    return by_name()[name]


@functools.cache
def by_name() -> dict[str, Format]:
    """The modules of this folder, imported when the first name is looked up."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    formats = sorted((module.FORMAT for module in modules), key=lambda form: form.place)
    return {form.name: form for form in formats}
