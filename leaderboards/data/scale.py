"""The scale on which two scores of a metric are compared: logarithms for distances and risks, else the score itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from leaderboards.statistics.student_t import Array


class MetricLike(Protocol):
    """What a board needs to know of a metric: `harness.metrics.metric.Metric` is one."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def better(self) -> str: ...
    @property
    def compare(self) -> str: ...


@dataclass(frozen=True)
class Scale:
    """How scores of one metric are compared, averaged and ordered.

    logarithmic: differences are taken between logarithms, so that they are log ratios
    sign:        +1 where lower is better, −1 where higher is: sign × score is a cost
    """

    logarithmic: bool
    sign: int

    @classmethod
    def of(cls, metric: MetricLike) -> Scale:
        """The scale of a metric: `compare` is "ratio" or "difference", `better` is "lower" or "higher"."""
        return cls(logarithmic=metric.compare == "ratio", sign=1 if metric.better == "lower" else -1)

    @property
    def worst(self) -> float:
        """The score of a run that diverged: +∞ where lower is better, −∞ where higher is."""
        return self.sign * np.inf

    def to(self, scores: Array) -> Array:
        """Scores → comparison scale, same shape; NaN where a ratio is undefined (score ≤ 0) or a run diverged."""
        defined = np.isfinite(scores) & (scores > 0 if self.logarithmic else True)
        comparable = np.where(defined, scores, np.nan)
        return np.log(comparable) if self.logarithmic else comparable

    def back(self, values: Array) -> Array:
        """Comparison scale → scores: the inverse of `to`; a log ratio becomes a ratio."""
        return np.exp(values) if self.logarithmic else values
