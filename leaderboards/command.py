"""`snrbench leaderboard`: ranks what the store holds."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.options import STORE, Plugins, Store, load
from schedules.errors import unknown

FORMATS = ("table", "md", "csv", "json")


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(leaderboard)


def leaderboard(
    track: Annotated[str, typer.Argument(help="Track, as `snrbench tracks list` names it.")],
    target: Annotated[str | None, typer.Option("-t", "--target", help="One prediction target; default: all.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Rank by this; default: the track's own.")] = None,
    guidance: Annotated[str, typer.Option("--guidance", metavar="best|G", help="Guidance scale.")] = "best",
    form: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help="Output format.")] = "table",
    store: Store = STORE,
    plugin: Plugins = None,
) -> None:
    """Rank the entries of a track, with intervals."""
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    if plugin:
        load(plugin)
    from leaderboards.exports import FORMATS as EXPORTS
    from leaderboards.query import hint, open_board
    from leaderboards.terminal import default_console, print_board

    board = open_board(store, track, metric=metric, target=target, guidance=guidance)
    if form != "table" and (board.sections or form != "md"):
        print(EXPORTS[form](board))
    elif board.sections:
        print_board(board, default_console())
    if not board.sections:
        print(hint(store, track, target), file=sys.stderr)
