"""What Tab offers in a shell for a track, a schedule or a trainer, after `snrbench --install-completion`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import typer

from schedules.errors import UserError


def track_names(context: typer.Context, incomplete: str) -> list[str]:
    """Tracks that begin so: those here, those of installed packages, and those that the store has a file of."""
    from harness import tracks
    from harness.cli.options import STORE
    from harness.tracks import plugins

    with suppress(UserError):  # what is wrong with a plugin is for commands to say
        plugins.load_entry_points()
    store = Path(context.params.get("store") or STORE)
    return _begin(incomplete, dict.fromkeys([*tracks.names(), *plugins.names_of(store)]))


def schedule_names(incomplete: str) -> list[str]:
    """Schedules and presets that begin so, here or in installed packages; parameters and transforms are written
    after.
    """
    import schedules

    with suppress(UserError):
        schedules.load_entry_points()
    return _begin(incomplete, schedules.names())


def trainer_names(incomplete: str) -> list[str]:
    """Trainers that begin so."""
    from schedules import trainers

    return _begin(incomplete, trainers.names())


def export_names(incomplete: str) -> list[str]:
    """Formats and trainers that begin so."""
    from schedules.export import FORMATS

    return [*_begin(incomplete, FORMATS), *trainer_names(incomplete)]


def _begin(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
