"""Speed-up: how much sooner an entry reaches the score that the baseline ends with.

An entry's score at its marks (25, 50, 100 % of the budget), unguided, on the test split, is joined by straight lines in
comparison scale (log score for distances) against log steps. `reach` reads off where the line first meets the
baseline's final score of the same seed; the speed-up is budget / steps.

Conventions, for the numbers that leave this room:

    all seeds reach it        speedup = geometric mean over seeds, with the t interval of its log; note ""
    some are there at the     speedup = the geometric mean with those seeds at their bound, 4 for a first mark of 25 %:
    first mark already        a lower bound, so it has no interval; note ">=4"
    some seed never reaches   speedup = None; note "not reached" or "reached by 2 of 3 seeds"
    a seed diverged           speedup = None; note "diverged"
    nothing to compare        speedup = None; note "no curve"
    the baseline itself       speedup = 1, by definition; note "baseline"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, nan

import numpy as np
from numpy.typing import ArrayLike

from leaderboards.statistics import student


@dataclass(frozen=True)
class Reach:
    """When one curve reached its goal.

    log_speedup: log(budget / steps); −∞ where the goal was never reached
    censored:    the goal was met at the first mark already, so log_speedup is a lower bound
    """

    log_speedup: float
    censored: bool = False


@dataclass(frozen=True)
class Speedup:
    """Speed-up over seeds, by the conventions of this module; low and high are NaN where there is no interval."""

    value: float | None
    low: float = nan
    high: float = nan
    note: str = ""


BASELINE = Speedup(1.0, note="baseline")
DIVERGED = Speedup(None, note="diverged")


def reach(marks: ArrayLike, costs: ArrayLike, goal: float) -> Reach:
    """Where a curve first reaches `goal`, linear in cost against log(mark).

    marks: (m,) fractions of the budget, increasing, in (0, 1]
    costs: (m,) on the comparison scale, lower is better
    goal:  the baseline's final cost, same scale
    """
    position, costs = np.log(np.asarray(marks, dtype=np.float64)), np.asarray(costs, dtype=np.float64)
    there = np.flatnonzero(costs <= goal)
    if len(there) == 0:
        return Reach(-inf)
    after = int(there[0])
    if after == 0:
        return Reach(-float(position[0]), censored=True)
    share = (costs[after - 1] - goal) / (costs[after - 1] - costs[after])
    return Reach(-float(position[after - 1] + share * (position[after] - position[after - 1])))


def over_cells(reaches: Iterable[Reach]) -> Reach:
    """One seed's speed-up over several cells: the mean of the logs, a bound if any is, never if any is never."""
    reaches = list(reaches)
    return Reach(sum(r.log_speedup for r in reaches) / len(reaches), any(r.censored for r in reaches))


def over_seeds(reaches: Iterable[Reach]) -> Speedup:
    """The speed-up over seeds, by the conventions of this module."""
    reaches = list(reaches)
    if not reaches:
        return Speedup(None, note="no curve")
    reached = [r for r in reaches if r.log_speedup > -inf]
    if len(reached) < len(reaches):
        return Speedup(None, note=f"reached by {len(reached)} of {len(reaches)} seeds" if reached else "not reached")
    logs = student([r.log_speedup for r in reached])
    value = exp(logs.mean)
    if any(r.censored for r in reached):
        return Speedup(value, note=f">={value:.3g}")
    return Speedup(value, float(np.exp(logs.low)), float(np.exp(logs.high)))
