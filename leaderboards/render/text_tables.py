"""A board as tables of text, the same in every format that people read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf, nan

from leaderboards.boards.rows import Board, Row, Section
from leaderboards.render.columns import columns, title
from leaderboards.wording import NOTHING, with_interval


@dataclass(frozen=True)
class Sheet:
    """One table. names: for each column, whether its texts are names that a user chose. baseline: index of its row."""

    title: str
    headers: tuple[str, ...]
    names: tuple[bool, ...]
    cells: tuple[tuple[str, ...], ...]
    baseline: int | None = None


def sheets(board: Board, per_seed: bool = False) -> Iterator[Sheet]:
    """A table for each section. per_seed: after each, another one with the score of every seed."""
    for section in board.sections:
        yield ranked(board, section)
        if per_seed:
            yield seed_by_seed(board, section)


def ranked(board: Board, section: Section) -> Sheet:
    """The ranked entries of a section."""
    shown = columns(board, section)
    return Sheet(
        title=title(board, section),
        headers=tuple(column.header for column in shown),
        names=tuple(column.name for column in shown),
        cells=tuple(tuple(column.text(row) for column in shown) for row in section.rows),
        baseline=_baseline(section),
    )


def seed_by_seed(board: Board, section: Section) -> Sheet:
    """Entries × seeds: the scores that the means and intervals of a section are of."""
    seeds = seeds_of(section)
    return Sheet(
        title=f"{title(board, section)} · {board.metric.name} of each seed",
        headers=("entry", *(f"seed {seed}" for seed in seeds)),
        names=(True, *[False] * len(seeds)),
        cells=tuple((row.entry, *(_score(row, seed) for seed in seeds)) for row in section.rows),
        baseline=_baseline(section),
    )


def seeds_of(section: Section) -> list[int]:
    """The seeds that any entry of a section has."""
    return sorted({seed for row in section.rows for seed in row.values})


def _score(row: Row, seed: int) -> str:
    score = row.values.get(seed, nan)
    return "diverged" if isinf(score) else with_interval(score, nan, nan) if score == score else NOTHING


def _baseline(section: Section) -> int | None:
    return next((place for place, row in enumerate(section.rows) if row.baseline), None)
