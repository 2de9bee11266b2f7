"""One paired comparison: a ratio (or difference) with its interval and p-value."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from leaderboards.data.scale import Scale
from leaderboards.statistics.student_t import p_value, student
from leaderboards.wording import change, with_interval


@dataclass(frozen=True)
class Effect:
    """A mean over seeds with its 95 % t interval, back on the metric's own terms.

    value, low, high: a ratio, or a difference where the metric is compared by differences; NaN where there is none
    p:                of the paired t-test against "no difference", not corrected
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
    def of(cls, differences: ArrayLike, scale: Scale) -> Effect:
        """From differences of costs, one for each seed (seeds,), NaN where a pair is missing."""
        estimate, p = student(differences), float(p_value(differences))
        low, value, high = (float(bound) for bound in (estimate.low, estimate.mean, estimate.high))
        better = 1 if high < 0 else -1 if low > 0 else 0
        bounds = scale.back(scale.sign * np.array([low, high]))
        low, high = (float(bound) for bound in (np.sort(bounds) if np.isfinite(bounds).all() else bounds))
        shown = float(scale.back(scale.sign * np.asarray(value)))
        return cls(shown, low, high, p, int(estimate.n), scale.logarithmic, better)

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
