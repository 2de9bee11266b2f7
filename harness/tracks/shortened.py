"""A track on a share of its budget, for exploration: `digits-v1@0.25` is digits-v1 with a quarter of its steps.

It is a track of its own: its name and its steps are in every run key, its runs are an experiment of their own, and no
board mixes it with the full one. Data, network, warm-up and evaluation are the full track's.
"""

from __future__ import annotations

import math

from harness.tracks.track import Track
from schedules.errors import UserError

SEPARATOR = "@"


def shortened(track: Track, fraction: float) -> Track:
    """The track with `fraction` of its steps, to the nearest number whose marks fall between two blocks of steps.

    UserError for a fraction outside (0, 1) and for a track that is shortened already.
    """
    if not 0 < fraction < 1:
        raise UserError(f"budget fraction is {fraction:g}; expected more than 0 and less than 1")
    if SEPARATOR in track.name:
        raise UserError(f"track {track.name!r} is a shortened one already; name the full track")
    unit = _unit(track)
    steps = unit * max(1, round(fraction * track.training.steps / unit))
    training = track.training.model_copy(update={"steps": steps})
    name = f"{track.name}{SEPARATOR}{fraction:g}"
    summary = f"{track.summary}; {steps} of {track.training.steps} steps, for exploration"
    return track.model_copy(update={"name": name, "summary": summary, "training": training})


def parse(name: str) -> tuple[str, float] | None:
    """("digits-v1", 0.25) of "digits-v1@0.25"; None of a full track's name.

    UserError where no number follows, or one that is written longer than it need be: a track has one name.
    """
    full, separator, fraction = name.partition(SEPARATOR)
    if not separator:
        return None
    try:
        share = float(fraction)
    except ValueError:
        share = math.nan
    if f"{share:g}" != fraction or math.isnan(share):
        raise UserError(f"track {name!r}: expected a share of the budget after {SEPARATOR}, as in {full}@0.25")
    return full, share


def _unit(track: Track) -> int:
    """The smallest number of steps at which every mark is a whole number of blocks."""
    shares = [mark.as_integer_ratio() for mark in track.marks]
    return track.training.block * math.lcm(*(denominator for _, denominator in shares))
