"""Runs and scores from several places together: the store, the published results, bundles that others handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from leaderboards.boards import query
from leaderboards.data import released
from leaderboards.data.tables import Tables, stacked
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
    sources: Sources, track: str, rebuild: bool = False, own: Tables | None = None
) -> tuple[Tables, list[str]]:
    """The runs and scores of all sources together, and notes on what was left out.

    own: the store's, where somebody has read it already

    UserError for a store, a release or a bundle that is not there or can't be read.
    """
    notes: list[str] = []
    tables = own if sources.own else None
    handed_in = [bundle_table(file, sources.store, track) for file in sources.bundles]
    if sources.own:
        if tables is None:
            with reading(f"reading {track}") as on_progress:
                tables = query.runs_table(sources.store, track, rebuild=rebuild, on_progress=on_progress)
        if handed_in:
            tables, notes = released.of_this_version(tables, track)
    if sources.published:
        if tables is None:
            tables = released.published_table(track)
        else:
            tables, more = released.with_published(tables, track)
            notes += more
    for bundle in handed_in:
        there = set() if tables is None else set(tables.runs["run_key"])
        fresh = bundle.where(~bundle.runs["run_key"].isin(there))
        tables = fresh if tables is None else stacked([tables, fresh])
    if tables is None:
        raise UserError("no results to rank: neither a store, published results nor a bundle")
    return tables, notes


def matching(tables: Tables, patterns: Iterable[str]) -> tuple[str, ...]:
    """The entries that are like any of the patterns, or called so. UserError for a pattern that none is like.

    patterns: `*` and `?` stand for any characters and any one
    """
    entries = sorted(str(entry) for entry in tables.runs["entry"].unique())
    matches: dict[str, None] = {}
    for pattern in patterns:
        like = [entry for entry in entries if entry == pattern or fnmatchcase(entry, _glob(pattern))]
        if not like:
            raise unknown("entry", pattern, entries)
        matches |= dict.fromkeys(like)
    return tuple(matches)


def _glob(pattern: str) -> str:
    # Brackets are part of names, as in "laplace [weight]".
    return pattern.replace("[", "[[]")
