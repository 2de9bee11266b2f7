"""`snrbench publish`: freezes a track's results into the data that the package ships."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.completion import track_names
from harness.cli.options import STORE, Json, Plugins, Store, TrackPlugins, load, load_tracks, print_json
from schedules.errors import UserError

LISTED = 10
PAGE = "README.md"


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(publish)


def publish(
    track: Annotated[
        str | None,
        typer.Argument(
            help="Track, as `snrbench tracks list` names it; with --site every published one.",
            autocompletion=track_names,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--out", "--to", metavar="DIR", file_okay=False, help="Default: leaderboards/published."),
    ] = None,
    readme: Annotated[
        Path | None,
        typer.Option("--readme", metavar="FILE", dir_okay=False, help="Page whose table is refreshed instead."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Publish this store's runs alone; without it they are added.")
    ] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Table, pictures and noise of the release anew; reads no store.")
    ] = False,
    costs: Annotated[
        bool,
        typer.Option(
            "--costs/--without-costs", help="Seconds and memory of runs, too; not if the machine had other work."
        ),
    ] = True,
    site: Annotated[
        Path | None,
        typer.Option("--site", metavar="DIR", help="Publish nothing; write what is published as static pages."),
    ] = None,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
) -> None:
    """Publish a track's results: scores, curves, table, samples, and what changed since the last release.

    Runs that are published already stay: those of the store are added, or take the place of the same runs. A release of
    another protocol or version of the track is replaced. Each entry and target gets one small picture of samples, where
    the store has one; those of a track take 3 MB at most. Results that are not meant for this package, as of a track of
    one's own, go --out to a folder of one's own.

    --site DIR writes the released boards as static pages instead: one for each track, with sorting, a filter, and links
    to each entry. The folder is replaced as a whole, and only one that was written so before is.

    The tables of README.md and leaderboards/published/README.md are refreshed between the markers
    <!-- snrbench:published TRACK --> and <!-- /snrbench:published -->, where they have them.
    """
    if site is not None:
        if to or readme or replace or recompute:
            raise UserError("--site writes what is published; it goes with no --out, --readme, --replace, --recompute")
        _write_site(track, site, json)
        return
    if track is None:
        raise UserError("publish takes a track, or --site DIR for pages of what is published")
    if readme is not None and not readme.is_file():
        raise UserError(f"--readme {str(readme)!r}: no such file; expected a page with markers for {track}'s table")
    load(plugin)
    load_tracks(track_plugin, store, track)
    from harness import tracks
    from harness.tracks import shortened

    tracks.get(track)  # a wrong name is said before seconds of imports
    if to is None and shortened.parse(track) is not None:
        raise UserError(f"{track} is a shortened track, of which nothing is published here; --out DIR writes it")
    from leaderboards.boards.query import check_store
    from leaderboards.data import released
    from leaderboards.progress_bar import reading
    from leaderboards.releases.publishing import publish as publishing
    from leaderboards.releases.publishing.readme import refresh

    folder = to or released.FOLDER
    if not recompute:
        check_store(store, track)
    with reading(f"publishing {track}") as on_progress:
        if recompute:
            published = publishing.recompute(track, folder)
        else:
            published = publishing.publish(store, track, folder, on_progress, replace=replace, costs=costs)
    release = published.release
    for line in release.missing[:LISTED]:
        print(f"missing: {line}", file=sys.stderr)
    if len(release.missing) > LISTED:
        print(f"missing: {len(release.missing) - LISTED} more, listed in {released.RELEASE}", file=sys.stderr)
    for line in published.board.notes:
        print(f"note: {line}", file=sys.stderr)
    pages = [readme] if readme else [] if to else [released.FOLDER.parents[1] / PAGE, released.FOLDER / PAGE]
    refreshed = [
        str(page)
        for page in pages
        if refresh(page, published.board, release, f"{_shown(published.folder, page)}/{released.TABLE}")
    ]
    size = _size(published.folder)
    if json:
        more = {
            "folder": str(published.folder),
            "bytes": size,
            "stayed": published.stayed,
            "changed": list(published.changed),
        }
        pictures = published.pictures
        more["pictures"] = {
            "count": len(pictures.files),
            "left_out": pictures.left_out,
            "bytes": pictures.size,
        }
        print_json({**more, "refreshed": refreshed, **release.model_dump(mode="json")})
        return
    if published.stayed:
        print(f"stayed: {published.stayed} runs that are not in this store")
    for line in published.changed or ("nothing changed",):
        print(line)
    if said := str(published.pictures):
        print(said)
    what = f"{release.entries} entries, {len(release.targets)} targets, {len(release.seeds)} seeds, {release.runs} runs"
    print(f"{published.folder}: {what}, {size / 1e6:.2f} MB")
    for page in refreshed:
        print(f"{page}: table refreshed")


def _write_site(track: str | None, folder: Path, json: bool) -> None:
    """Pages of one published track, or of every one."""
    from leaderboards.data import released
    from leaderboards.releases.site.write import write

    if track is not None:
        released.release(track)
    pages = write([track] if track is not None else released.released_tracks(), folder)
    size = _size(folder)
    if json:
        print_json({"folder": str(folder), "pages": [page.name for page in pages], "bytes": size})
        return
    print(f"{folder / 'index.html'}: {len(pages)} pages, {size / 1e6:.2f} MB; any web host can serve the folder")


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _shown(folder: Path, page: Path) -> str:
    """The folder as the page can link to it."""
    folder, home = folder.absolute(), page.absolute().parent
    return str(folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)
