"""What a run will cost, from runs that the store holds, else from the track's card."""

from __future__ import annotations

import functools
import statistics
from dataclasses import dataclass

from harness import tracks
from harness.results import read
from harness.results.store import Store

NEWEST = 200
PARTS = ("seconds/training", "seconds/evaluation", "seconds/checkpoint")


@dataclass(frozen=True)
class Estimate:
    """Seconds of a run by target, where each is known, and where that is from: "past runs", "the track's card"."""

    seconds: dict[str, float]
    source: str

    @property
    def longest(self) -> float | None:
        """Seconds of a run on the target that takes longest."""
        return max(self.seconds.values(), default=None)

    def of(self, target: str) -> float | None:
        """Seconds of a run on this target; of the other targets' where this one is not known."""
        if target in self.seconds:
            return self.seconds[target]
        return statistics.median(self.seconds.values()) if self.seconds else None


def estimate(store: Store, track: str, device: str) -> Estimate:
    """Median seconds of the newest runs of each target on this hardware; on a CPU else the card's figure."""
    by_target: dict[str, list[float]] = {}
    for tags, metrics in _past(store, track, device):
        seconds = sum(metrics.get(part, 0.0) for part in PARTS)
        if seconds and tags.get("snrbench.outcome") == "finished":
            by_target.setdefault(tags.get("snrbench.target", ""), []).append(seconds)
    if by_target:
        return Estimate({target: statistics.median(several) for target, several in by_target.items()}, "past runs")
    written = tracks.card(track).get("seconds_a_run_on_one_cpu_core")
    if written and device == "cpu":
        return Estimate({target: float(written) for target in tracks.get(track).targets}, "the track's card")
    return Estimate({}, "")


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
