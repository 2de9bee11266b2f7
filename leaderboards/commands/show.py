"""A board in one call, for other commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def render_table(
    store: Path,
    track: str,
    console: Console | None = None,
    *,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
) -> bool:
    """Print the leaderboard of a track as tables; returns whether there was anything to show.

    console: where to print, standard output by default. Raises what `leaderboards.boards.query.open_board` raises.
    """
    # pandas and scipy cost a second, and the command line imports this module for every command.
    from leaderboards.boards.query import open_board
    from leaderboards.render.terminal import default_console, print_board

    board = open_board(store, track, metric=metric, target=target, guidance=guidance)
    print_board(board, console or default_console())
    return bool(board.sections)
