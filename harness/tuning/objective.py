"""What tuning minimises: the mean over seeds of log(primary metric on the validation split).

A difference of two such values is a mean log ratio, which is how entries are compared everywhere else. The guidance
scale is chosen as a user would: for each trial the one that is best on the validation split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.metrics.keys import Measured
from harness.metrics.registry import METRICS
from harness.tracks.track import Track
from schedules.errors import UserError, unknown

SMALLEST = 1e-12
"""A score of exactly 0 would have no logarithm."""

Values = Mapping[Measured, float]


@dataclass(frozen=True)
class Score:
    """value: mean of `logs`, one for each seed, all at the scale `guidance` (None: the metric has none)."""

    value: float
    logs: tuple[float, ...]
    guidance: float | None


def check(track: Track) -> None:
    """UserError for a track whose primary metric tuning cannot go by, before anything is trained."""
    metric = METRICS.get(track.primary_metric)
    if metric is None:
        raise unknown("metric", track.primary_metric, METRICS)
    if not metric.tunable(track.evaluation):
        raise UserError(
            f"{track.name} is ranked by {metric.name}, which tuning cannot go by; expected a metric that is compared "
            "by ratio, is better where lower, and is measured along training, on validation data too"
        )


def score(track: Track, runs: Sequence[Values], mark: float = 1.0) -> Score:
    """The score of runs on several seeds, at a mark. KeyError when a run was not measured there."""
    metric = track.primary_metric
    scales = [key.guidance for key in runs[0] if (key.metric, key.split, key.mark) == (metric, "val", mark)]
    if not scales:
        raise KeyError(f"{metric} on the validation split at mark {mark:g}")
    scores = [_at(runs, Measured(metric, "val", scale, mark)) for scale in scales]
    return min(scores, key=lambda at_scale: at_scale.value)


def _at(runs: Sequence[Values], measured: Measured) -> Score:
    logs = tuple(float(np.log(max(values[measured], SMALLEST))) for values in runs)
    return Score(float(np.mean(logs)), logs, measured.guidance)


@dataclass(frozen=True)
class Gain:
    """Tuned over published: exp of the mean paired log ratio, with its 95 % Student's t interval over seeds."""

    ratio: float
    low: float
    high: float
    seeds: int

    @classmethod
    def of(cls, tuned: Score, published: Score) -> Gain:
        """Paired by seed. The interval is (0, ∞) for one seed."""
        difference = np.subtract(tuned.logs, published.logs)
        mean, n = float(difference.mean()), len(difference)
        half = float(stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf
        ratio, low, high = (float(np.exp(log_ratio)) for log_ratio in (mean, mean - half, mean + half))
        return cls(ratio, low, high, n)

    @property
    def shown(self) -> bool:
        """Whether the interval holds improvements only."""
        return self.high < 1.0
