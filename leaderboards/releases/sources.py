"""One long table of results from several places: the store, the published results, bundles that others handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.data.table_parts import stacked
from leaderboards.progress_bar import reading
from leaderboards.releases.bundles.receipt import bundle_table
from schedules.errors import UserError, unknown


@dataclass(frozen=True)
class Sources:
    """Where results are taken from. A run that several places have is taken from the first of them.

    own:       the runs of the store
    published: the track's released results
    bundles:   files, each marked as verified in the store or as self-reported
    """

    store: Path
    own: bool = True
    published: bool = False
    bundles: tuple[Path, ...] = ()


def table_of(
    sources: Sources, track: str, rebuild: bool = False, own: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The long table of all sources together, and notes on what was left out.

    own: the store's, where somebody has read it already

    UserError for a store, a release or a bundle that is not there or can't be read.
    """
    notes: list[str] = []
    table = own if sources.own else None
    handed_in = [bundle_table(file, sources.store, track) for file in sources.bundles]
    if sources.own:
        if table is None:
            with reading(f"reading {track}") as on_progress:
                table = query.runs_table(sources.store, track, rebuild=rebuild, on_progress=on_progress)
        if handed_in:
            table, notes = released.of_this_version(table, track)
    if sources.published:
        if table is None:
            table = released.published_table(track)
        else:
            table, more = released.with_published(table, track)
            notes += more
    for other in handed_in:
        known = set() if table is None else set(table["run_key"].unique())
        fresh = other[~other["run_key"].isin(known)]
        table = fresh if table is None else stacked([table, fresh])
    if table is None:
        raise UserError("no results to rank: neither a store, published results nor a bundle")
    return table, notes


def matching(table: pd.DataFrame, patterns: Iterable[str]) -> tuple[str, ...]:
    """The entries that are like any of the patterns, or called so. UserError for a pattern that none is like.

    patterns: `*` and `?` stand for any characters and any one
    """
    entries = sorted(str(entry) for entry in table["entry"].unique())
    found: dict[str, None] = {}
    for pattern in patterns:
        like = [entry for entry in entries if entry == pattern or fnmatchcase(entry, _glob(pattern))]
        if not like:
            raise unknown("entry", pattern, entries)
        found |= dict.fromkeys(like)
    return tuple(found)


def _glob(pattern: str) -> str:
    # Brackets are part of names, as in "laplace [weight]".
    return pattern.replace("[", "[[]")
