"""What a release has that the one before did not, and the other way round: the log beside the results."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose, isnan

from leaderboards.rows import Board, Row
from leaderboards.wording import visible, with_interval

HEAD = "# Releases of {}\n"
SAME = 1e-6
"""Two means that differ relatively by less are the same score, kept in single precision."""


def between(old: Board | None, new: Board) -> list[str]:
    """Lines that say what was added, removed or scored anew; none where nothing changed.

    old: the board of the release before, in the same metric; None where there is none
    """
    if old is None:
        return [f"first release: {len(_entries(new))} entries"]
    if old.protocol != new.protocol:
        return [f"protocol {old.protocol} → {new.protocol}: every score is new"]
    before, after = _scores(old), _scores(new)
    lines = [f"added: {_named(cells)}" for cells in _by_entry(after.keys() - before.keys())]
    lines += [f"removed: {_named(cells)}" for cells in _by_entry(before.keys() - after.keys())]
    for cell in sorted(before.keys() & after.keys()):
        was, now = before[cell], after[cell]
        if not _same(was, now):
            entry, target = cell
            lines.append(f"rescored: {entry} × {target}: {new.metric.name} {_score(was)} → {_score(now)}")
    return lines


def log(track: str, made: str, changed: Iterable[str], before: str) -> str:
    """The log with one more release at its top; unchanged where the release changes nothing."""
    lines = [f"- {visible(line)}" for line in changed]
    head = HEAD.format(track)
    if not lines:
        return before or head
    older = before.removeprefix(head).strip("\n")
    return "\n".join([head, f"## {made}\n", *lines, *(["", older] if older else [])]) + "\n"


def _scores(board: Board) -> dict[tuple[str, str], Row]:
    return {(row.entry, row.target): row for section in board.cells for row in section.rows}


def _entries(board: Board) -> set[str]:
    return {entry for entry, _ in _scores(board)}


def _by_entry(cells: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    ordered = sorted(cells)
    return [[cell for cell in ordered if cell[0] == entry] for entry in dict.fromkeys(cell[0] for cell in ordered)]


def _named(cells: list[tuple[str, str]]) -> str:
    return f"{cells[0][0]} × {', '.join(target for _, target in cells)}"


def _same(was: Row, now: Row) -> bool:
    if was.values.keys() != now.values.keys() or was.diverged != now.diverged:
        return False
    pairs = [(was.values[seed], now.values[seed]) for seed in was.values]
    return all(isclose(a, b, rel_tol=SAME) or (isnan(a) and isnan(b)) for a, b in pairs)


def _score(row: Row) -> str:
    shown = (
        f"diverged ({row.diverged} of {row.seeds})"
        if row.diverged
        else with_interval(row.mean, row.ci_low, row.ci_high)
    )
    return f"{shown} over {row.seeds} seeds"
