"""The axis of intervals against the baseline: where a ratio or a difference lies, as a share of the width."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log, nan

import numpy as np
from numpy.typing import NDArray

from app.charts.frame import round_step
from leaderboards.boards.rows import Row
from leaderboards.wording import change, signed

RATIOS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.2),
    *(1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100),
)
LEAST = 1e-12
FAR = 4.0
"""A mean is drawn where it is if it lies within this many times what three quarters reach, the baseline left out."""


@dataclass(frozen=True)
class Axis:
    """logarithmic: ratios to the baseline, around 1; else differences, around 0. low, high: what is drawn."""

    logarithmic: bool
    low: float
    high: float

    @classmethod
    def of(cls, rows: Iterable[Row], logarithmic: bool) -> Axis:
        """An axis for these rows, the baseline's line on it."""
        return cls.around([effect(row) for row in rows], logarithmic)

    @classmethod
    def around(cls, triples: Iterable[tuple[float, float, float]], logarithmic: bool) -> Axis:
        """An axis for these changes, (value, low, high) each, the line of no change on it."""
        effects = np.array([triple for triple in triples if isfinite(triple[0])] or [(nan, nan, nan)])
        if not np.isfinite(effects).any():
            return cls(logarithmic, *((0.5, 2.0) if logarithmic else (-1.0, 1.0)))
        changes = np.log(np.maximum(effects, LEAST)) if logarithmic else effects
        low, high = _reach(changes)
        margin = 0.06 * (high - low) or 0.05
        low, high = low - margin, high + margin
        return cls(logarithmic, *(np.exp([low, high]).tolist() if logarithmic else (float(low), float(high))))

    def share(self, value: float) -> float | None:
        """Where a value lies between the ends, 0 to 1; None for one that does not exist."""
        if not isfinite(value):
            return None
        low, high, at = (log(x) if self.logarithmic else x for x in (self.low, self.high, max(value, LEAST)))
        if not self.logarithmic:
            at = value
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def places(self, value: float, low: float, high: float) -> dict[str, float | bool | None]:
        """Where an interval and its middle lie; without one of its ends it has neither. before, after: it goes on."""
        ends = self.share(low), self.share(high)
        whole = None not in ends
        return {
            **{"low": ends[0] if whole else None, "mean": self.share(value), "high": ends[1] if whole else None},
            **{"before": min(value, low) < self.low, "after": max(value, high) > self.high},
        }

    @property
    def reference(self) -> float | None:
        """Where the baseline lies."""
        return self.share(1.0 if self.logarithmic else 0.0)

    def ticks(self, most: int = 4) -> list[tuple[float, str]]:
        """A few round labels: (share, text)."""
        if self.logarithmic:
            values = [(ratio, change(ratio, nan, nan)) for ratio in RATIOS if self.low <= ratio <= self.high]
        else:
            step = round_step((self.high - self.low) / (most + 1))
            places = range(ceil(self.low / step), floor(self.high / step) + 1)
            decimals = max(0, -floor(np.log10(step)))
            values = [(place * step, signed(place * step, decimals, plus=True)) for place in places]
        labels: list[tuple[float, str]] = []
        centre = 1.0 if self.logarithmic else 0.0
        for value, text in sorted(
            values, key=lambda tick: (tick[0] != centre, abs((self.share(tick[0]) or 0.0) - 0.5))
        ):
            at = self.share(value)
            if at is not None and all(abs(at - other) >= 1 / (most + 0.8) for other, _ in labels):
                labels.append((at, text))
        return sorted(labels)


def _reach(changes: NDArray[np.float64]) -> tuple[float, float]:
    """From where to where changes (value, low, high) are drawn: one far away or of two seeds flattens no other."""
    values, ends = changes[:, 0], changes[:, 1:]
    moved = np.abs(values[values != 0])
    limit = FAR * float(np.percentile(moved, 75)) if len(moved) else inf
    near = values[np.abs(values) <= limit]
    bottom, top = min(float(near.min()), 0.0), max(float(near.max()), 0.0)
    ends = ends[np.isfinite(ends).all(axis=1)]
    if len(ends) == 0:
        return bottom, top
    room = max(0.4 * (top - bottom), 1.2 * float(np.median(ends[:, 1] - ends[:, 0])) / 2)
    return max(float(min(bottom, ends.min())), bottom - room), min(float(max(top, ends.max())), top + room)


def effect(row: Row) -> tuple[float, float, float]:
    """The change against the baseline with its interval: a ratio, or a difference where there is none."""
    if isfinite(row.ratio):
        return row.ratio, row.ratio_low, row.ratio_high
    return row.difference, row.difference_low, row.difference_high
