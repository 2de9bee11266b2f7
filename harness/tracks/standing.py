"""Whether a track's board stands among the rankings: by rules that look at its card, and never at any paper's result.

diagnostic:   its score draws no samples, so it says nothing of what a model makes
untrained:    the baseline, cosine, has not learned the task within the budget: for v its `fd` at its best scale of
              guidance is above `MOST_FLOORS` floors, or for some target that scale is the largest of the grid
shortened:    a share of a track's budget, for exploration: its models are less trained, and it is never published
not measured: its card has no figures of the baseline, as a new track's; its board is shown as a ranked one is

Boards of the first two kinds stay where tracks are compared with published results; rankings that lead a page leave
them out. What the runs of a board of the last two show of its baseline, the board says (`leaderboards.boards`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.metrics.registry import METRICS
from harness.tracks import shortened
from harness.tracks.track import Track

MOST_FLOORS = 6.0
UNMEASURED = "its card has no figures of the baseline"
TARGET = "v"


@dataclass(frozen=True)
class Standing:
    """kind: one of those above, or "ranked"; why: in words, "" where it is ranked"""

    kind: Literal["ranked", "diagnostic", "untrained", "shortened", "not measured"] = "ranked"
    why: str = ""

    @property
    def ranked(self) -> bool:
        """Whether it stands among the rankings: so does a board that was not measured."""
        return self.kind in ("ranked", "not measured")

    @property
    def as_json(self) -> dict[str, str]:
        """What the lists of tracks say of it."""
        return {"standing": self.kind, "standing_why": self.why}

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}" if self.why else self.kind


def standing(track: Track, card: Mapping[str, Any]) -> Standing:
    """The standing of a track whose card says this; {} for a track without a card.

    Of a shortened track's, whose card has no figures of training, "shortened".
    """
    metric = METRICS.get(track.primary_metric)
    if metric is not None and not metric.guided:
        return Standing("diagnostic", f"{track.primary_metric} draws no samples")
    best: Mapping[str, Mapping[str, float]] = card.get("baseline_best", {})
    distance = track.evaluation.distance
    if TARGET in best and (floor := card.get("floors", {}).get(distance)):
        floors = best[TARGET]["fd_mean"] / floor
        if floors > MOST_FLOORS:
            return Standing("untrained", f"cosine's {distance} for {TARGET} is {floors:.1f} floors")
    largest = max(track.guidance)
    at_the_end = [target for target, figures in best.items() if figures["guidance"] == largest]
    if at_the_end and len(track.guidance) > 1:
        targets = ", ".join(at_the_end)
        return Standing("untrained", f"cosine's best scale for {targets} is {largest:g}, the end of the grid")
    if best:
        return Standing()
    if (short := shortened.parse(track.name)) is not None:
        share = f"{100 * short[1]:.3g} % of the steps of {short[0]}"
        return Standing("shortened", f"{share}, so an order here need not hold there")
    return Standing("not measured", UNMEASURED)
