"""What people look at of a schedule: quantiles, p(λ), λ(t), and where training weight goes under each target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schedules.densities.density import Array
from schedules.schedule import Schedule
from schedules.weightings import ERRORS, target_factor

SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def quantiles(schedule: Schedule) -> dict[str, float]:
    """Q at 1, 5, 25, 50, 75, 95 and 99 %: {"1%": …}."""
    return {f"{100 * share:g}%": float(schedule.ppf(share)) for share in SHARES}


def grid(schedules: Sequence[Schedule], points: int = 801, share: float = 2e-3, limit: float = 20.0) -> Array:
    """λ from the lowest to the highest quantile of interest, within ±limit; shape (points,)."""
    low = min(float(schedule.ppf(share)) for schedule in schedules)
    high = max(float(schedule.ppf(1 - share)) for schedule in schedules)
    margin = 0.05 * (high - low)
    return np.linspace(max(low - margin, -limit), min(high + margin, limit), points)


def times(points: int = 401) -> Array:
    """t inside (0, 1), both ends left out because λ may be infinite there; shape (points,)."""
    return np.linspace(0.0, 1.0, points + 2)[1:-1]


def effective(schedule: Schedule, at: Array) -> dict[str, Array]:
    """p(λ) · c_target(λ): the weight on the ε-error under plain MSE in each target's space; {target: as `at`}.

    Targets with one error are one: edm is v.
    """
    density = schedule.pdf(at)
    return {target: density * target_factor(target, at) for target in ERRORS}
