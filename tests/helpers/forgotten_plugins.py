"""Plugins and tracks that a test tries are forgotten with it; those of installed packages stay."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import schedules
from harness import tracks
from schedules.plugins import loading
from schedules.schedule import SCHEDULES
from schedules.transforms import TRANSFORMS
from schedules.weightings import WEIGHTINGS

REGISTRIES = (SCHEDULES, TRANSFORMS, WEIGHTINGS)


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    """What is loaded or registered inside is forgotten at the end: a plugin to try, a file to be loaded anew.

    What installed packages announce is loaded before: their modules stay imported, so that they would not register
    again what was forgotten.
    """
    schedules.load_entry_points()
    names = {registry.kind: set(registry.names()) for registry in REGISTRIES}
    plugins, modules, own_tracks = set(loading._loaded), set(sys.modules), dict(tracks.TRACKS)
    schedules.load_entry_points.cache_clear()
    try:
        yield
    finally:
        tried = set().union(*(loading._loaded.pop(plugin) for plugin in loading._loaded.keys() - plugins))
        for registry in REGISTRIES:
            for name in set(registry.names()) - names[registry.kind]:
                module = registry.info(name).function.__module__
                if (registry.kind, name) in tried and module not in modules:
                    sys.modules.pop(module, None)
                registry.remove(name)
        for name in tracks.TRACKS.keys() - own_tracks.keys():
            del tracks.TRACKS[name]
        schedules.load_entry_points.cache_clear()
