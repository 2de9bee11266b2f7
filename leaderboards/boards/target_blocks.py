"""Which cells to average over, so that gaps in one of them cost the others as little as possible."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations


def largest_block(present: Mapping[str, set[str]], baseline: str) -> tuple[str, ...]:
    """The targets to average over: those that maximise (number of targets) × (entries that have all of them).

    So an entry that was run on one target, or a target that only two entries were run on, costs the others nothing.
    A block without the baseline counts only where the baseline has no runs at all.

    present: target → entries with a score there.
    """
    needs_baseline = any(baseline in entries for entries in present.values())

    def area(block: tuple[str, ...]) -> int:
        complete = set.intersection(*(present[target] for target in block))
        return 0 if needs_baseline and baseline not in complete else len(block) * len(complete)

    sizes = range(len(present), 0, -1)
    return max((block for size in sizes for block in combinations(sorted(present), size)), key=area, default=())
