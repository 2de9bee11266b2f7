"""Tracks from outside: a file named with `--track-plugin`, or an installed package's entry point.

Every `Track` that such a module holds under a name of its own becomes known by its `name`:

    # tiny.py
    from harness.tracks.gmm import GMM

    TINY = GMM.model_copy(update={"name": "tiny-v1", "training": GMM.training.model_copy(update={"steps": 40})})
"""

from __future__ import annotations

import functools
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from harness import tracks
from harness.plugin_file import module_of, refusing
from harness.tracks.shortened import SEPARATOR
from harness.tracks.track import Track
from schedules.errors import UserError

GROUP = "snrbench.tracks"
BUILT_IN = tuple(tracks.TRACKS.values())


def load_plugin(file: str) -> list[str]:
    """Import a file and register its tracks; their names. UserError: not there, not importable, or it holds none."""
    return _register(module_of(file, "track"), file)


def folder_of(store: Path) -> Path:
    """Where `recommend` writes the tracks that it makes: a file each, called by the track's name."""
    return store / "tracks"


def names_of(store: Path) -> list[str]:
    """Tracks that a store has a file of."""
    return sorted(file.stem for file in folder_of(store).glob("*.py"))


def load_of_store(store: Path, name: str) -> list[str]:
    """Register a track that only a store's file knows, whole or shortened; the file, for processes that need it too.

    UserError where the file holds no track of the name that it is called by.
    """
    whole = name.partition(SEPARATOR)[0]
    if whole in tracks.names() or whole not in names_of(store):
        return []
    file = str((folder_of(store) / f"{whole}.py").absolute())
    load_named(file, whole)
    return [file]


def load_named(file: str, name: str) -> None:
    """Register the tracks of a file that is called by the name of one; UserError where that one is not in it."""
    names = load_plugin(file)
    if name not in names:
        raise UserError(f"{file!r} holds {', '.join(names)}; expected {name}, or a file called {names[0]}.py")


@functools.cache
def load_entry_points() -> list[str]:
    """Register the tracks that installed packages announce in the group `snrbench.tracks`; their names."""
    names: list[str] = []
    for point in entry_points(group=GROUP):
        with refusing(f"track plugin {point.value}"):
            announced = point.load()
        if isinstance(announced, Track):
            tracks.add(announced)
            names.append(announced.name)
        else:
            names += _register(announced, point.value)
    return names


def _register(module: ModuleType, origin: str) -> list[str]:
    own = [value for value in vars(module).values() if isinstance(value, Track) and value not in BUILT_IN]
    if not own:
        raise UserError(f"track plugin {origin!r} holds no Track")
    for track in own:
        tracks.add(track)
    return [track.name for track in own]
