"""Where over λ a schedule buys and sells: its ε-error as a ratio to the baseline's, with a band over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leaderboards.statistics.student_t import Array, student


@dataclass(frozen=True)
class Bands:
    """Ratio to the baseline at each λ: exp of the mean log ratio over shared seeds, with its t interval.

    The interval holds at each λ by itself: of a hundred points five lie outside by chance, in stretches, because
    neighbouring points share their noise.

    ratio, low, high: (entries, λ); low and high NaN below two seeds
    seeds:            (entries,) shared with the baseline
    """

    ratio: Array
    low: Array
    high: Array
    seeds: NDArray[np.int64]


def bands(errors: ArrayLike, baseline: int) -> Bands:
    """Ratios of error curves to the baseline's, paired by seed.

    errors:   (entries, seeds, λ) positive, NaN where there was no run, or it diverged
    baseline: row of the baseline
    """
    errors = np.asarray(errors, dtype=np.float64)
    logs = np.log(np.where(errors > 0, errors, np.nan))
    differences = logs - logs[baseline]
    estimate = student(np.moveaxis(differences, 1, -1))
    low, high = np.exp(estimate.low), np.exp(estimate.high)
    return Bands(np.exp(estimate.mean), low, high, estimate.n.max(axis=-1))
