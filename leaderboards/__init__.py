"""From stored runs to ranked tables.

    >>> import leaderboards
    >>> results = leaderboards.published("digits-v1")        # or leaderboards.load("snrbench-store", "digits-v1")
    >>> results.scores.columns.tolist()[:4]
    ['run_id', 'entry', 'target', 'seed']
    >>> board = leaderboards.board(results, metric="fd", target="v")
    >>> board.loc[board["entry"] == "cosine", "ratio"].item()
    1.0

data/         runs and scores, from a store's record, a release or a bundle; which of them count
statistics/   intervals, tests and ranks: pure functions of arrays
boards/       a board: its sections, rows and columns
comparisons/  what is said beyond boards
render/       a board as text for a terminal, Markdown, CSV, JSON, HTML, LaTeX
releases/     publishing, released results, bundles
commands/     `snrbench leaderboard`, `publish`, `bundle`, `verify`, `quickstart`

A board is a pure function of its results, so that it can be thrown away and rebuilt at any time.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leaderboards.results import Results, board, load, published

__all__ = ["Results", "board", "load", "published"]


def __getattr__(name: str) -> Any:
    # pandas takes a second, and the command line imports this package for every command.
    if name not in __all__:
        raise AttributeError(f"module 'leaderboards' has no attribute {name!r}")
    from leaderboards import results

    return getattr(results, name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _Room(ModuleType):
    """This package. Released results lie in a folder `published`, which would take the function's place if imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Room
