"""`snrbench leaderboard`: ranks what a store holds, what is published, and what others handed in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.completion import track_names
from harness.cli.options import (
    STORE,
    MetricPlugins,
    Plugins,
    Store,
    TrackPlugins,
    counted,
    load,
    load_metrics,
    load_tracks,
)
from harness.cli.streams import show
from leaderboards.commands import bundle, publish
from leaderboards.comparisons import views
from leaderboards.render import formats
from schedules.errors import UserError, unknown

SHOWN = 15
"""Rows of a table on a terminal, unless more are asked for; a pipe, a file and the other formats have all."""


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.command()(leaderboard)
    publish.add_to(cli)
    bundle.add_to(cli)


def leaderboard(
    track: Annotated[
        str, typer.Argument(help="Track, as `snrbench tracks list` names it.", autocompletion=track_names)
    ],
    target: Annotated[str | None, typer.Option("-t", "--target", help="One prediction target; default: all.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Rank by this; default: the track's own.")] = None,
    guidance: Annotated[str, typer.Option("--guidance", metavar="best|G", help="Guidance scale.")] = "best",
    focus: Annotated[
        str | None, typer.Option("--focus", metavar="ENTRY", help="Test this entry against every other, no other pair.")
    ] = None,
    entry: Annotated[
        list[str] | None, typer.Option("--entry", metavar="GLOB", help="Show only entries like this; repeatable.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", metavar="N", help="Show the first N rows of each table.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every row on a terminal, too, where long tables are cut short.")
    ] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="Beside published rows: show own ones and their neighbours.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ENTRY", help="Hide an entry; repeatable.")
    ] = None,
    without_seed: Annotated[
        list[int] | None, typer.Option("--without-seed", metavar="N", help="Leave a seed out; repeatable.")
    ] = None,
    view: Annotated[
        str | None, typer.Option("--view", metavar="|".join(views.names()), help="A comparison instead of the ranking.")
    ] = None,
    seeds: Annotated[bool, typer.Option("--seeds", help="The score of each seed, too.")] = False,
    published: Annotated[
        bool, typer.Option("--published", help="The published results alone; needs no store.")
    ] = False,
    with_published: Annotated[
        bool, typer.Option("--with-published", help="Own and published results in one ranking.")
    ] = False,
    with_bundle: Annotated[
        list[Path] | None, typer.Option("--with-bundle", metavar="FILE", help="A bundle's results, too; repeatable.")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Read the store's record anew, not its cache.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(formats.names()), help="Output format.")
    ] = formats.TABLE,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, as --format json does.")] = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
    metric_plugin: MetricPlugins = None,
) -> None:
    """Rank the entries of a track, with intervals."""
    if form not in formats.names():
        raise unknown("format", form, formats.names())
    if json and form not in (formats.TABLE, "json"):
        raise UserError(f"--json with --format {form}; choose one")
    form = "json" if json else form
    if view is not None:
        from leaderboards.commands.views import check

        check(view, form)
    if top is not None and top < 1:
        raise UserError(f"--top is {top}; expected at least 1")
    if (top is not None or mine or every) and view is not None:
        raise UserError("--top, --mine and --all are of the ranking; use them without --view")
    if every and (top is not None or mine):
        raise UserError("--all shows every row; use it without --top and --mine")
    if mine and published:
        raise UserError("--mine is of the store's rows, which --published does not show; use --with-published")
    if published and (with_published or rebuild):
        raise UserError("--published shows no store's results; use it without --with-published and --rebuild")
    if plugin:
        load(plugin)
    load_metrics(metric_plugin)
    load_tracks(track_plugin, store, track)
    from dataclasses import replace

    from harness import tracks

    tracks.get(track)  # a wrong name is said before a second of imports
    from leaderboards.boards import excerpt
    from leaderboards.boards.query import board_of, checked, hint
    from leaderboards.releases.sources import Sources, matching, table_of
    from leaderboards.render.terminal import default_console, print_board, print_seeds

    checked(tracks.get(track), metric, target, guidance)
    sources = Sources(store, own=not published, published=published or with_published, bundles=tuple(with_bundle or ()))
    tables, notes = table_of(sources, track, rebuild)
    keep = matching(tables, entry) if entry else None
    standing = tracks.standing(track)
    unranked = () if standing.ranked else (f"{track} stands among no rankings, {standing}",)
    if view is not None:
        from leaderboards.commands.views import render_view
        from leaderboards.comparisons.choice import Choice

        chosen = Choice(metric, target, guidance, None, keep, tuple(without or ()), tuple(without_seed or ()), focus)
        render_view(view, tables, track, chosen, form, notes=(*unranked, *notes))
        return
    board = board_of(
        tables,
        track,
        metric=metric,
        target=target,
        guidance=guidance,
        keep=keep,
        leave_out=tuple(without or ()),
        leave_out_seeds=tuple(without_seed or ()),
        focus=focus,
    )
    board = replace(board, notes=(*unranked, *board.notes, *notes))
    own = [row for row in board.rows if excerpt.is_own(row)]
    if mine and board.rows and not own:
        targets = set(tables.runs["target"][tables.runs["source"] == ""])
        filtered = target in targets or (target is None and targets)
        why = "the filters leave no own run" if filtered else hint(store, track, target, targets)
        print(f"{why}; shown: what is published", file=sys.stderr)
    board = excerpt.mine(board) if mine and own else board
    board = board if top is None else excerpt.top(board, top)
    left_out, chosen_rows = 0, top is not None or (mine and own) or entry or every
    if form == formats.TABLE and sys.stdout.isatty() and not chosen_rows:
        board, left_out = excerpt.short(board, SHOWN)
    if form != formats.TABLE and (board.sections or form != "md"):
        show(formats.of_board(form, board, seeds), form)
    elif board.sections:
        print_board(board, default_console())
        if seeds:
            print_seeds(board, default_console())
        if left_out:
            narrower = "" if target else ", -t one target"
            print(f"{counted(left_out, 'row')} of longer tables left out on a terminal; --all shows all{narrower}")
    if not board.sections:
        filtered = bool(entry or without or without_seed) and not tables.runs.empty
        print(
            "the filters leave no run" if filtered else hint(store, track, target, set(tables.runs["target"])),
            file=sys.stderr,
        )
