"""One comparison of two entries: a ratio (or difference) with its interval and p-value."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from leaderboards.data.scale import Scale
from leaderboards.statistics.verdicts import Verdicts
from leaderboards.wording import change, with_interval


@dataclass(frozen=True)
class Effect:
    """A mean over seeds with its 95 % interval (`leaderboards.statistics.verdicts`), back on the metric's own terms.

    value, low, high: a ratio, or a difference where the metric is compared by differences; NaN where there is none
    p:                against "no difference", not corrected; NaN for fewer than three pairs
    n:                number of pairs
    logarithmic:      whether it is a ratio
    better:           +1 where the interval holds only improvements, −1 where only the opposite, 0 where it does not say
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    logarithmic: bool
    better: int

    @classmethod
    def of(cls, verdicts: Verdicts, first: int, second: int, scale: Scale) -> Effect:
        """Of the first entry against the second."""
        mean, half = (0.0, 0.0) if first == second else (verdicts.mean[first, second], verdicts.half[first, second])
        low, value, high = (float(bound) for bound in (mean - half, mean, mean + half))
        better = 1 if high < 0 else -1 if low > 0 else 0
        bounds = scale.back(scale.sign * np.array([low, high]))
        low, high = (float(bound) for bound in (np.sort(bounds) if np.isfinite(bounds).all() else bounds))
        shown = float(scale.back(scale.sign * np.asarray(value)))
        p = verdicts.p(first, second)
        return cls(shown, low, high, p, int(verdicts.pairs.n[first, second]), scale.logarithmic, better)

    @property
    def text(self) -> str:
        """ "−31 % [−36, −25]", or a difference with its interval."""
        if self.logarithmic:
            return change(self.value, self.low, self.high)
        return with_interval(self.value, self.low, self.high)

    @property
    def verdict(self) -> str:
        """What the interval says, in a word or two."""
        if not isfinite(self.low):
            return "no interval"
        return {1: "better", -1: "worse", 0: "not told apart"}[self.better]
