"""The tracks: frozen, versioned tasks that every schedule is measured on."""

from __future__ import annotations

from typing import Any

from harness.tracks.digits import DIGITS
from harness.tracks.gmm import GMM
from harness.tracks.track import Track, read_card
from schedules.errors import UserError, unknown

TRACKS = {track.name: track for track in (DIGITS, GMM)}


def names() -> list[str]:
    """Names of all tracks."""
    return list(TRACKS)


def get(name: str) -> Track:
    """The track of that name; UserError with the nearest names when there is none."""
    if name not in TRACKS:
        raise unknown("track", name, TRACKS)
    return TRACKS[name]


def add(track: Track) -> None:
    """Make a track known by its name. UserError when another one has it."""
    if TRACKS.setdefault(track.name, track) != track:
        raise UserError(f"track {track.name!r} is there already; choose another name")


def card(name: str) -> dict[str, Any]:
    """Measured facts of the track: floors, cost, noise over seeds."""
    return read_card(get(name).name)
