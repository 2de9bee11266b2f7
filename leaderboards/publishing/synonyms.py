"""Registered names that were not run because the density they stand for was, under another name."""

from __future__ import annotations

from collections import defaultdict

import schedules
from leaderboards.rows import Board


def synonyms(board: Board) -> dict[str, list[str]]:
    """Entry → the registered names, at their defaults, whose density it has and which are no entries themselves.

    Equal are two densities whose fingerprints are: the same numbers at every point that a fingerprint looks at.
    """
    ranked = {row.schedule for row in board.rows if not row.tuned}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in schedules.names():
        groups[schedules.create(name).fingerprint].append(name)
    found = {}
    for names in groups.values():
        run = [name for name in names if name in ranked]
        if run and len(run) < len(names):
            found[run[0]] = [name for name in names if name not in ranked]
    return found


def as_text(board: Board) -> str:
    """A sentence for the table, empty where every name is an entry."""
    found = synonyms(board)
    if not found:
        return ""
    lines = [f"- `{entry}`: {', '.join(f'`{name}`' for name in names)}" for entry, names in found.items()]
    return "\n".join(["Not run again, as their density at its defaults is that of an entry:\n", *lines])
