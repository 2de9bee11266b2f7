"""What a run will cost: by runs that the store holds, else by the track's card, which names what it was measured on.

on a share of the budget    seconds of training · share + seconds of evaluation, which is the whole budget's
"""

from __future__ import annotations

import functools
import statistics
from dataclasses import dataclass

from harness import tracks
from harness.results import read
from harness.results.store import Store
from harness.tracks import shortened
from harness.tracks.track import read_card

NEWEST = 200
PARTS = ("seconds/training", "seconds/evaluation", "seconds/checkpoint")


@dataclass(frozen=True)
class Estimate:
    """Seconds of a run by target, where each is known.

    source:  where they are from: "past runs", "the track's card, measured on one core of an AMD EPYC"
    unknown: why, where none is
    """

    seconds: dict[str, float]
    source: str
    unknown: str = ""

    @property
    def longest(self) -> float | None:
        """Seconds of a run on the target that takes longest."""
        return max(self.seconds.values(), default=None)

    def of(self, target: str) -> float | None:
        """Seconds of a run on this target; of the other targets' where this one is not known."""
        if target in self.seconds:
            return self.seconds[target]
        return statistics.median(self.seconds.values()) if self.seconds else None


@dataclass(frozen=True)
class CardCost:
    """Seconds of a run as a card has them, and on what they were measured. kind: "cpu" or "cuda"."""

    kind: str
    seconds: float
    measured_on: str


def estimate(store: Store, track: str, device: str) -> Estimate:
    """Median seconds of the newest runs of each target on this hardware; else the card's figure for this kind of it."""
    by_target: dict[str, list[float]] = {}
    for tags, metrics in _past(store, track, device):
        seconds = sum(metrics.get(part, 0.0) for part in PARTS)
        if seconds and tags.get("snrbench.outcome") == "finished":
            by_target.setdefault(tags.get("snrbench.target", ""), []).append(seconds)
    if by_target:
        return Estimate({target: statistics.median(several) for target, several in by_target.items()}, "past runs")
    costs = {cost.kind: cost for cost in card_costs(track)}
    cost = costs.get(device.partition(":")[0])
    if cost is not None:
        source = f"the track's card, measured on {cost.measured_on}"
        return Estimate(dict.fromkeys(tracks.get(track).targets, cost.seconds), source)
    others = [f"{cost.seconds:.3g} s on {cost.measured_on} alone" for cost in costs.values()]
    of_card = f"the track's card has {' and '.join(others)}" if others else "nothing on the track's card"
    return Estimate({}, "", f"no past runs on this hardware, and {of_card}")


def card_costs(track: str) -> list[CardCost]:
    """What a run takes by the track's card, on each kind of device that it was measured on.

    Of a track on a share of its budget they are made of the whole one's, by the formula above. A card that has no
    seconds of training by themselves says what a run takes at most.
    """
    whole, share = shortened.parse(track) or (track, 1.0)
    card, measured = read_card(whole), []
    for kind, parts in card.get("cost", {}).items():
        hardware = f"one core of an {parts['hardware']}" if kind == "cpu" else str(parts["hardware"])
        measured.append(CardCost(kind, share * parts["training"] + parts["evaluation"], hardware))
    alone = card.get("seconds_a_run_on_one_cpu_core")
    if alone and "cpu" not in card.get("cost", {}):
        measured.append(CardCost("cpu", float(alone), "one CPU core" + (", on the whole budget" if share < 1 else "")))
    return measured


def peak_mib(store: Store, track: str, device: str) -> float | None:
    """The largest peak of allocated memory among the newest runs on this hardware; None when there are none."""
    peaks = [metrics["memory/peak_mib"] for _, metrics in _past(store, track, device) if "memory/peak_mib" in metrics]
    return max(peaks, default=None)


@functools.lru_cache(maxsize=4)
def _past(store: Store, track: str, device: str) -> list[tuple[dict[str, str], dict[str, float]]]:
    from harness.device import describe

    if not store.exists:
        return []
    # "auto" is a cluster's choice: whatever hardware its runs had.
    hardware = None if device == "auto" else describe(device)
    runs = read.listing(store, track)
    newest = None if runs is None else runs[:NEWEST]
    past = []
    for run in read.recorded(store, newest, track):
        if hardware in (None, run.tags.get("snrbench.hardware")):
            past.append((run.tags, run.metrics))
        if len(past) == NEWEST:
            break
    return past
