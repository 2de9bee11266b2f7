"""What rooms above say of a track on its card: a line each, found by entry points, so that imports keep one direction.

An entry point of the group `snrbench.track_facts` is a function from a track's name to a sentence, "" where it has
nothing to say; its own name stands before the sentence.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any, NamedTuple

GROUP = "snrbench.track_facts"
NOISE = "snrbench.track_noise"


def facts(track: str) -> dict[str, str]:
    """Name of the fact → the sentence, for those that have one."""
    points = importlib.metadata.distribution("snrbench").entry_points.select(group=GROUP)
    sentences = {point.name: str(point.load()(track)) for point in points}
    return {name: sentence for name, sentence in sentences.items() if sentence}


class Noise(NamedTuple):
    """The noise of a track over seeds, as its published runs show it.

    rows:    of a table: targets, sd of a paired difference, how well it is known
    as_json: the same as plain values; None where nothing is published
    """

    rows: list[tuple[str, str, str]]
    as_json: Any


def noise_of(track: str) -> Noise:
    """What the entry point `snrbench.track_noise` says of a track."""
    points = importlib.metadata.distribution("snrbench").entry_points.select(group=NOISE)
    return next((Noise(*point.load()(track)) for point in points), Noise([], None))
