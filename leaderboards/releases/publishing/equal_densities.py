"""Names for one and the same thing: not run because another name's density was, or run with the same numbers."""

from __future__ import annotations

import functools
from collections import defaultdict
from math import isfinite

import schedules
from leaderboards.boards.rows import Board
from schedules.schedule import SCHEDULES


def synonyms(board: Board) -> dict[str, list[str]]:
    """Entry → the registered names, at their defaults, whose density it has and which are no entries themselves.

    Equal are two densities whose fingerprints are: the same numbers at every point that a fingerprint looks at.
    """
    ranked = {row.schedule for row in board.rows if not row.tuned}
    unranked = {}
    for names in _by_density(SCHEDULES.changes):
        run = [name for name in names if name in ranked]
        if run and len(run) < len(names):
            unranked[run[0]] = [name for name in names if name not in ranked]
    return unranked


@functools.lru_cache(maxsize=1)
def _by_density(changes: int) -> list[list[str]]:
    """The registered names, those of one density together. changes: of the registry, since which they hold"""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in schedules.names():
        groups[schedules.create(name).fingerprint].append(name)
    return list(groups.values())


def twins(board: Board) -> list[list[str]]:
    """Entries whose score is equal, to the last digit, for every target and seed."""
    scores: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    for cell in board.cells:
        for row in cell.rows:
            scores[row.entry] += [(cell.target, seed, value) for seed, value in row.values.items() if isfinite(value)]
    groups: dict[tuple[tuple[str, int, float], ...], list[str]] = defaultdict(list)
    for entry, values in scores.items():
        groups[tuple(sorted(values))].append(entry)
    return sorted(sorted(names) for values, names in groups.items() if values and len(names) > 1)


def as_text(board: Board) -> str:
    """Sentences for the table, empty where every name is an entry of its own."""
    return "\n\n".join(filter(None, [_not_run(board), _equal(board)]))


def _equal(board: Board) -> str:
    groups = twins(board)
    if not groups:
        return ""
    lines = [f"- {', '.join(f'`{name}`' for name in names)}" for names in groups]
    return "\n".join(
        ["Equal to the last digit in every run, as they come to the same numbers on this track:\n", *lines]
    )


def _not_run(board: Board) -> str:
    names_of = synonyms(board)
    if not names_of:
        return ""
    lines = [f"- `{entry}`: {', '.join(f'`{name}`' for name in names)}" for entry, names in names_of.items()]
    return "\n".join(["Not run again, as their density at its defaults is that of an entry:\n", *lines])
