"""What rooms above say of a track on its card: a line each, found by entry points, so that imports keep one direction.

An entry point of the group `snrbench.track_facts` is a function from a track's name to a sentence, "" where it has
nothing to say; its own name stands before the sentence.
"""

from __future__ import annotations

import importlib.metadata

GROUP = "snrbench.track_facts"


def facts(track: str) -> dict[str, str]:
    """Name of the fact → the sentence, for those that have one."""
    points = importlib.metadata.distribution("snrbench").entry_points.select(group=GROUP)
    said = {point.name: str(point.load()(track)) for point in points}
    return {name: sentence for name, sentence in said.items() if sentence}
