"""A track on a share of its budget, for exploration: `digits-v1@0.2` is digits-v1 with a fifth of its steps.

It is a track of its own: its name and its steps are in every run key, its runs are an experiment of their own, and no
board mixes it with the full one. Data, network, warm-up and evaluation are the full track's.
"""

from __future__ import annotations

import math
from fractions import Fraction

from harness.tracks.track import Track
from schedules.errors import UserError

SEPARATOR = "@"
NAMED = 1e-5
"""A name has six digits of the share."""
FINEST = 1000
"""A mark such as 0.2 is a fraction of at most this denominator, not the binary number nearest to it."""


def shortened(track: Track, fraction: float) -> Track:
    """The track with `fraction` of its steps.

    UserError for a fraction outside (0, 1), for one whose marks would not fall between two blocks of steps, and for a
    track that is shortened already.
    """
    steps = whole_blocks(track, fraction)
    name = name_of(track, steps)
    if not is_exactly(track, fraction, steps) or name != f"{track.name}{SEPARATOR}{fraction:g}":
        raise UserError(
            f"budget fraction {fraction:g} of {track.name} is {fraction * track.training.steps:g} steps; expected a "
            f"multiple of {unit(track)}, so that it can be scored along the way: the next is {name}, {steps} steps"
        )
    training = track.training.model_copy(update={"steps": steps})
    summary = f"{track.summary}; {steps} of {track.training.steps} steps, for exploration"
    return track.model_copy(update={"name": name, "summary": summary, "training": training})


def whole_blocks(track: Track, fraction: float) -> int:
    """The number of steps next to this share of the track's at which every mark is a whole number of blocks.

    UserError for a share outside (0, 1), for a track that is shortened already, and for one too short to be shortened.
    """
    if not 0 < fraction < 1:
        raise UserError(f"budget fraction is {fraction:g}; expected more than 0 and less than 1")
    if SEPARATOR in track.name:
        raise UserError(f"track {track.name!r} is a shortened one already; name the full track")
    least, total = unit(track), track.training.steps
    if total <= least:
        raise UserError(
            f"the budget of {track.name}, {total} steps, has no shorter one that can be scored along the way"
        )
    most = least * ((total - 1) // least)
    return min(most, max(least, least * round(fraction * total / least)))


def is_exactly(track: Track, fraction: float, steps: int) -> bool:
    """Whether this share of the track's steps is that many, as far as the digits of a name tell."""
    return math.isclose(steps, fraction * track.training.steps, rel_tol=NAMED)


def name_of(track: Track, steps: int) -> str:
    """What the track on so many of its steps is called; one name for each number of steps."""
    return f"{track.name}{SEPARATOR}{steps / track.training.steps:g}"


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


def unit(track: Track) -> int:
    """The smallest number of steps at which every mark is a whole number of blocks."""
    shares = [Fraction(mark).limit_denominator(FINEST) for mark in track.marks]
    return track.training.block * math.lcm(*(share.denominator for share in shares))
