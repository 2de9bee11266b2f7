"""Which cells to average over, so that gaps in one of them cost the others as little as possible."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import combinations


def largest_block(present: Mapping[str, set[str]], baseline: str) -> tuple[str, ...]:
    """The targets to average over: of those blocks that are comparisons, the one with the largest area.

    area = (number of targets) × (entries that have all of them)

    A block is a comparison where it has two targets or more, and two entries or more if there are so many. So an entry
    that was run on one target, or a target that few entries were run on, costs the others nothing, and no number of
    entries with one target takes the table over several from the rest. A block without the baseline counts only where
    the baseline has no runs at all. Where no block of several targets is a comparison, the answer is the single target
    with most entries.

    present: target → entries with a score there.
    """
    single = [block for block in combinations(sorted(present), 1) if _area(block, present, baseline)]
    return max(
        _comparisons(present, baseline) or single, key=partial(_area, present=present, baseline=baseline), default=()
    )


def why_none(present: Mapping[str, set[str]], baseline: str) -> str:
    """Why `largest_block` has fewer than two targets, in one line; empty where it has more, or there is one target."""
    if len(present) < 2 or _comparisons(present, baseline):
        return ""
    of_baseline = [target for target, entries in present.items() if baseline in entries]
    if len(of_baseline) == 1:
        return f"the baseline {baseline} has scores for {of_baseline[0]} alone"
    return f"no other entry shares two of them with {baseline}" if of_baseline else "no two entries share two of them"


def _comparisons(present: Mapping[str, set[str]], baseline: str) -> list[tuple[str, ...]]:
    fewest = min(2, len(_everyone(present)))
    sizes = range(len(present), 1, -1)
    blocks = [block for size in sizes for block in combinations(sorted(present), size)]
    return [block for block in blocks if _area(block, present, baseline) >= len(block) * fewest > 0]


def _area(block: tuple[str, ...], present: Mapping[str, set[str]], baseline: str) -> int:
    complete = set.intersection(*(present[target] for target in block))
    return 0 if baseline in _everyone(present) - complete else len(block) * len(complete)


def _everyone(present: Mapping[str, set[str]]) -> set[str]:
    return set().union(*present.values())
