"""`NAME@tuned` in commands that take a schedule: what a study found, said on standard error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from schedules import Schedule

OfTrack = Annotated[str | None, typer.Option("--track", help="For NAME@tuned: the track that it was tuned on.")]
OfTarget = Annotated[
    str | None, typer.Option("-t", "--target", help="For NAME@tuned: the prediction target it was tuned for.")
]


def is_tuned(spec: str) -> bool:
    """Whether a spec asks for tuned parameters. UserError for a mistake in it."""
    from schedules import split_tuned

    return "@" in spec and split_tuned(spec)[1]


def resolved(
    spec: str, store: Path, track: str | None, target: str | None, facts: dict[str, Any] | None = None
) -> Schedule:
    """The schedule of a spec; of one with `@tuned` that of the study in a store, else the published one.

    track, target: of which study, where there are several
    facts:         is told what was found, as `tuned`
    UserError: a mistake in the spec, or not exactly one study
    """
    import schedules

    if not is_tuned(spec):
        return schedules.parse(spec)
    from harness.cli.options import load_tracks
    from harness.tuning.studies.lookup import tuned

    load_tracks(None, store, track or "")
    outcome = tuned(spec, store, track, target)
    print(outcome.line, file=sys.stderr)
    if facts is not None:
        facts["tuned"] = {
            "track": outcome.track,
            "target": outcome.target,
            "spec": outcome.spec,
            "published": outcome.published,
            **outcome.entry.optimiser,
        }
    return outcome.schedule
