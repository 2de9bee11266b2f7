"""A track on a share of its budget, for exploration: `digits-v1@0.2` is digits-v1 with a fifth of its steps.

It is a track of its own: its name and its steps are in every run key, its runs are an experiment of their own, and no
board mixes it with the full one. Data, network, warm-up and evaluation are the full track's.
"""

from __future__ import annotations

import math

from harness.tracks.track import Track
from schedules.errors import UserError

SEPARATOR = "@"
MOST_NAMED = 9


def shortened(track: Track, fraction: float) -> Track:
    """The track with `fraction` of its steps.

    UserError for a fraction outside (0, 1), for one whose marks would not fall between two blocks of steps, and for a
    track that is shortened already.
    """
    if not 0 < fraction < 1:
        raise UserError(f"budget fraction is {fraction:g}; expected more than 0 and less than 1")
    if SEPARATOR in track.name:
        raise UserError(f"track {track.name!r} is a shortened one already; name the full track")
    unit, exact = _unit(track), fraction * track.training.steps
    steps = unit * round(exact / unit)
    if not 0 < steps < track.training.steps or not math.isclose(steps, exact):
        raise UserError(
            f"budget fraction {fraction:g} of {track.name} is {exact:g} steps; expected a multiple of {unit} below "
            f"{track.training.steps}, so that it can be scored along the way: {_shares(track, unit)}"
        )
    training = track.training.model_copy(update={"steps": steps})
    name = f"{track.name}{SEPARATOR}{fraction:g}"
    summary = f"{track.summary}; {steps} of {track.training.steps} steps, for exploration"
    return track.model_copy(update={"name": name, "summary": summary, "training": training})


def parse(name: str) -> tuple[str, float] | None:
    """("digits-v1", 0.2) of "digits-v1@0.2"; None of a full track's name.

    UserError where no number follows, or one that is written longer than it need be: a track has one name.
    """
    full, separator, fraction = name.rpartition(SEPARATOR)
    if not separator:
        return None
    try:
        share = float(fraction)
    except ValueError:
        share = math.nan
    if math.isnan(share):
        raise UserError(f"track {name!r}: expected a share of the budget after {SEPARATOR}, as in {full}@0.2")
    if f"{share:g}" != fraction:
        raise UserError(f"track {name!r}: this share of the budget is written {full}{SEPARATOR}{share:g}")
    return full, share


def _shares(track: Track, unit: int) -> str:
    possible = [f"{steps / track.training.steps:g}" for steps in range(unit, track.training.steps, unit)]
    return ", ".join(possible if len(possible) <= MOST_NAMED else [*possible[: MOST_NAMED - 1], "…", possible[-1]])


def _unit(track: Track) -> int:
    """The smallest number of steps at which every mark is a whole number of blocks."""
    shares = [mark.as_integer_ratio() for mark in track.marks]
    return track.training.block * math.lcm(*(denominator for _, denominator in shares))
