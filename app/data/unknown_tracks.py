"""Tracks that a store has runs of and nobody here knows: their boards need the tracks' files."""

from __future__ import annotations

from pathlib import Path

from app.data.results import ResultSource
from app.style.plain_text import code
from harness import tracks
from harness.results import read
from harness.results.store import Store
from harness.tracks import plugins
from leaderboards.boards import query
from leaderboards.wording import listed
from schedules import UserError


def sentence(store: ResultSource) -> str:
    """Markdown: which they are and what shows their boards; "" where there are none.

    Of a server nothing is said: its other experiments may be no track's at all.
    """
    names = [] if store.published else _unknown(store.folder)
    if not names:
        return ""
    files = code(str(plugins.folder_of(store.folder) / f"{names[0].partition('@')[0]}.py"))
    several = "tracks that are" if len(names) > 1 else "a track that is"
    return (
        f"The store has runs of {listed([code(name) for name in names])}, {several} not known here: a copy of the"
        f" track's file as {files} shows them, and so does"
        f" {code(f'snrbench leaderboard {names[0]} --track-plugin FILE.py')} in a terminal."
    )


def _unknown(folder: Path) -> list[str]:
    store = Store(folder)
    if not store.exists or read.database_of(store) is None:
        return []
    names = [name for name in read.experiments(store) if "/" not in name and not _known(name)]
    return sorted(name for name in names if query.may_have_runs(folder, name))


def _known(name: str) -> bool:
    try:
        tracks.get(name)
    except UserError:
        return False
    return True
