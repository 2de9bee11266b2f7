"""What a release has that the one before did not, and the other way round: the log beside the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isclose, isnan

import pyarrow as pa

from harness.metrics.keys import parse
from leaderboards.boards.rows import Board, Row
from leaderboards.data.cache import packed
from leaderboards.data.selection import FINGERPRINT_LETTERS
from leaderboards.wording import visible, with_interval

HEAD = "# Releases of {}\n"
SAME = 1e-6
"""Two scores that differ relatively by less are the same, kept in single precision."""
Cell = tuple[str, str, str]
"""Entry, fingerprint, target."""
Scores = Mapping[str, float]
Runs = Mapping[Cell, Mapping[int, Scores]]


def first(runs: pa.Table) -> list[str]:
    """The line of a first release."""
    return [f"first release: {_entries(scores_of(runs))} entries"]


def anew(why: str, old: pa.Table, new: pa.Table) -> list[str]:
    """The line of a release that nothing could be added to. why: what became of protocol or track"""
    gone, there = scores_of(old), scores_of(new)
    return [
        f"{why}: scores do not compare, so the {old.num_rows} runs of {_entries(gone)} entries published before "
        f"are replaced by {new.num_rows} of {_entries(there)}"
    ]


def between(old: pa.Table, new: pa.Table, boards: Callable[[], tuple[Board, Board]]) -> list[str]:
    """Lines that say what was added, removed or scored anew; none where no score changed.

    old, new: one row for each run, as `released.STORED` has them
    boards:   what they come to, in the same metric; called where a score changed
    """
    before, after = scores_of(old), scores_of(new)
    names = _names({*before, *after})
    lines = [f"added: {_named(cells, names)}" for cells in _by_entry(after.keys() - before.keys())]
    lines += [f"removed: {_named(cells, names)}" for cells in _by_entry(before.keys() - after.keys())]
    shared = sorted(before.keys() & after.keys())
    lines += _seeds("added", {cell: after[cell].keys() - before[cell].keys() for cell in shared}, names)
    lines += _seeds("removed", {cell: before[cell].keys() - after[cell].keys() for cell in shared}, names)
    for cell in shared:
        if line := _rescored(cell, names, before[cell], after[cell], boards):
            lines.append(line)
    return lines


def recomputed(board: Board) -> str:
    """The line of a release whose scores stayed, while what is said of them is worked out anew."""
    sections = [board.overall] if board.overall else board.cells
    told = ", ".join(f"{section.told_apart:,} of {section.tests:,} pairs told apart" for section in sections)
    return f"ranks and intervals computed anew, no score changed: {told} ({', '.join(s.target for s in sections)})"


def log(track: str, date: str, changed: Iterable[str], before: str) -> str:
    """The log with one more release at its top; unchanged where the release changes nothing."""
    lines = [f"- {visible(line)}" for line in changed]
    head = HEAD.format(track)
    if not lines:
        return before or head
    older = before.removeprefix(head).strip("\n")
    return "\n".join([head, f"## {date}\n", *lines, *(["", older] if older else [])]) + "\n"


def scores_of(runs: pa.Table) -> Runs:
    """Cell → seed → MLflow key → score; without what a run cost, and with the key "" alone where it diverged."""
    by_cell: dict[Cell, dict[int, Scores]] = {}
    for row in runs.select(["entry", "fingerprint", "target", "seed", packed.KEYS, packed.VALUES]).to_pylist():
        keys = row[packed.KEYS].split(packed.JOINT)
        scores = dict(zip(keys, row[packed.VALUES], strict=True))
        measured = {key: value for key, value in scores.items() if key == "" or parse(key) is not None}
        by_cell.setdefault((row["entry"], row["fingerprint"], row["target"]), {})[row["seed"]] = measured
    return by_cell


def _entries(runs: Runs) -> int:
    return len({entry for entry, _, _ in runs})


def _names(cells: Iterable[Cell]) -> dict[tuple[str, str], str]:
    """(entry, fingerprint) → the entry, with letters of its fingerprint where it has several for one target."""
    codes: dict[tuple[str, str], set[str]] = {}
    for entry, fingerprint, target in cells:
        codes.setdefault((entry, target), set()).add(fingerprint)
    several = {entry for (entry, _), fingerprints in codes.items() if len(fingerprints) > 1}
    return {
        (entry, code): f"{entry}#{code[:FINGERPRINT_LETTERS]}" if entry in several else entry
        for (entry, _), fingerprints in codes.items()
        for code in fingerprints
    }


def _by_entry(cells: Iterable[Cell]) -> list[list[Cell]]:
    ordered = sorted(cells)
    return [[cell for cell in ordered if cell[:2] == who] for who in dict.fromkeys(cell[:2] for cell in ordered)]


def _named(cells: list[Cell], names: Mapping[tuple[str, str], str]) -> str:
    return f"{names[cells[0][:2]]} × {', '.join(target for _, _, target in cells)}"


def _seeds(what: str, changed: Mapping[Cell, Iterable[int]], names: Mapping[tuple[str, str], str]) -> list[str]:
    """One line for each set of seeds."""
    groups: dict[tuple[int, ...], list[Cell]] = {}
    for cell, seeds in changed.items():
        if key := tuple(sorted(seeds)):
            groups.setdefault(key, []).append(cell)
    return [
        f"{what}: seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))} of "
        + "; ".join(_named(of_entry, names) for of_entry in _by_entry(cells))
        for seeds, cells in sorted(groups.items())
    ]


def _rescored(
    cell: Cell,
    names: Mapping[tuple[str, str], str],
    was: Mapping[int, Scores],
    now: Mapping[int, Scores],
    boards: Callable[[], tuple[Board, Board]],
) -> str:
    """The line of runs that were there before, with other scores; empty where none is another."""
    keys = {seed: _different(was[seed], now[seed]) for seed in sorted(was.keys() & now.keys())}
    seeds = [str(seed) for seed, differ in keys.items() if differ]
    if not seeds:
        return ""
    what = f"rescored: {_named([cell], names)}"
    before, after = boards()
    means = [_row(board, cell) for board in (before, after)]
    if None not in means and (shown := [_score(row) for row in means if row])[0] != shown[1]:
        return f"{what}: {after.metric.name} {shown[0]} → {shown[1]}"
    metrics = sorted({parsed.metric for differ in keys.values() for key in differ if (parsed := parse(key))})
    return f"{what}: {', '.join(metrics) or 'outcome'} of seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"


def _different(was: Scores, now: Scores) -> set[str]:
    common = was.keys() & now.keys()
    return set(was.keys() ^ now.keys()) | {key for key in common if not _same(was[key], now[key])}


def _same(was: float, now: float) -> bool:
    return isclose(was, now, rel_tol=SAME) or (isnan(was) and isnan(now))


def _row(board: Board, cell: Cell) -> Row | None:
    entry, code, target = cell
    wanted = {entry, f"{entry}#{code[:FINGERPRINT_LETTERS]}"}
    rows = [row for section in board.cells if section.target == target for row in section.rows if row.entry in wanted]
    return rows[0] if len(rows) == 1 else None


def _score(row: Row) -> str:
    shown = (
        f"diverged ({row.diverged} of {row.seeds})"
        if row.diverged
        else with_interval(row.mean, row.ci_low, row.ci_high)
    )
    return f"{shown} over {row.seeds} seeds"
