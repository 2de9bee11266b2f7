"""What to run after a command that has ended well: one line on standard error, with its store and files, to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.cli import complaints
from harness.cli.options import with_store

MOST = 3
"""Schedules that a command names where all there are were tuned."""
Options = Mapping[str, Iterable[str]]
"""Option → its values, each of which is given by itself."""


def show_board(track: str, store: Path, options: Options) -> None:
    """How one's own rows are seen: among the published ones where the track has a published board."""
    from harness import tracks

    among = " --with-published --mine" if tracks.card(track).get("board_targets") else ""
    _say(f"snrbench leaderboard {shlex.quote(track)}{among}", store, options)


def score_tuned(track: str, specs: Sequence[str], store: Path, options: Options) -> None:
    """How what tuning found is scored on test data, beside what it began with. specs: () for all there are"""
    from schedules import as_tuned, names

    both = [spec for each in specs or names()[:MOST] for spec in (each, as_tuned(each))]
    _say(f"snrbench run {shlex.quote(track)}", store, {"-s": both, **options})


def _say(command: str, store: Path, options: Options) -> None:
    words = [f"{option} {shlex.quote(str(value))}" for option, values in options.items() for value in values]
    complaints.say(f"next: {with_store(' '.join([command, *words]), store)}")
