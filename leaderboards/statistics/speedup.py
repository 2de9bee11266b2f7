"""Speed-up: how much sooner an entry reaches the score that the baseline ends with.

An entry's score at its marks (25, 50, 100 % of the budget), unguided, on the test split, is joined by straight lines in
comparison scale (log score for distances) against log steps. `reach_all` reads off where the line first meets the
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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf, nan

import numpy as np
from numpy.typing import ArrayLike

from leaderboards.statistics.student_t import Array, student


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


def reach_all(marks: ArrayLike, costs: Array, goals: Array) -> list[Reach]:
    """Where each curve first reaches its goal, linear in cost against log(mark).

    marks: (m,) fractions of the budget, increasing, in (0, 1]
    costs: (curves, m) on the comparison scale, lower is better
    goals: (curves,) the baseline's final cost, same scale
    """
    position = np.log(np.asarray(marks, dtype=np.float64))
    there = costs <= goals[:, None]
    after, curve = there.argmax(axis=1), np.arange(len(costs))
    before = np.maximum(after - 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (costs[curve, before] - goals) / (costs[curve, before] - costs[curve, after])
        between = -(position[before] + share * (position[after] - position[before]))
    censored = there[:, 0]
    logs = np.where(there.any(axis=1), np.where(censored, -position[0], between), -inf)
    return [Reach(log, first) for log, first in zip(logs.tolist(), censored.tolist(), strict=True)]


def over_cells(reaches: Iterable[Reach]) -> Reach:
    """One seed's speed-up over several cells: the mean of the logs, a bound if any is, never if any is never."""
    reaches = list(reaches)
    return Reach(sum(r.log_speedup for r in reaches) / len(reaches), any(r.censored for r in reaches))


def all_over_seeds(entries: Sequence[Sequence[Reach]]) -> list[Speedup]:
    """Each entry's speed-up over its seeds, by the conventions of this module."""
    logs = np.full((len(entries), max(map(len, entries), default=0)), nan)
    for row, reaches in zip(logs, entries, strict=True):
        row[: len(reaches)] = [nan if r.log_speedup == -inf else r.log_speedup for r in reaches]
    bounds = student(logs)
    rows = zip(entries, *(bound.tolist() for bound in bounds[:3]), strict=True)
    return [_over_seeds(reaches, *of_one) for reaches, *of_one in rows]


def _over_seeds(reaches: Sequence[Reach], mean: float, low: float, high: float) -> Speedup:
    """mean, low, high: of the logs of those that reached it."""
    if not reaches:
        return Speedup(None, note="no curve")
    reached = sum(r.log_speedup > -inf for r in reaches)
    if reached < len(reaches):
        return Speedup(None, note=f"reached by {reached} of {len(reaches)} seeds" if reached else "not reached")
    value = exp(mean)
    if any(r.censored for r in reaches):
        return Speedup(value, note=f">={value:.3g}")
    return Speedup(value, exp(low), exp(high))
