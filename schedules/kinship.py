"""How near two schedules are, and which names stand for the same density.

TV(p, r) = ½ ∫ |p − r| dλ, the share of draws that would have to move; W₁(p, r) = ∫ |F − G| dλ, how far they move on average, in nats,
with λ clipped to ±20 as in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedules.density import Array
from schedules.schedule import Schedule, create, info, names

LIMIT = 20.0
SAME = 1e-8  # total variation below which two densities are one: tables are accurate to 1e-9
_SHARES = 1.0 / (1.0 + np.exp(-np.linspace(-16.0, 16.0, 1601)))


@dataclass(frozen=True)
class Kin:
    """A registered schedule at its defaults, and its distance to the one that was asked about."""

    name: str
    tv: float
    w1: float

    @property
    def same(self) -> bool:
        """Whether both are one density under two names."""
        return self.tv < SAME


def total_variation(one: Schedule, other: Schedule) -> float:
    """½ ∫ |p − r| dλ, from masses between 3200 points that follow both densities; a lower bound, within about 1e-4."""
    points = np.unique(np.concatenate([one.ppf(_SHARES), other.ppf(_SHARES)]))
    inner = np.diff(one.cdf(points)) - np.diff(other.cdf(points))
    ends = one.cdf(points[[0]]) - other.cdf(points[[0]]), one.time(points[[-1]]) - other.time(points[[-1]])
    return 0.5 * float(np.sum(np.abs(inner)) + np.abs(ends[0][0]) + np.abs(ends[1][0]))


def wasserstein(one: Schedule, other: Schedule) -> float:
    """∫ |F − G| dλ over ±20 nats."""
    points: Array = np.linspace(-LIMIT, LIMIT, 8001)
    return float(np.trapezoid(np.abs(one.cdf(points) - other.cdf(points)), points))


def nearest(schedule: Schedule, count: int | None = None) -> list[Kin]:
    """Registered schedules and presets at their defaults, nearest first in total variation; itself left out."""
    others = [create(name) for name in names() if name != schedule.spec]
    kin = [
        Kin(one.name, total_variation(schedule, one), wasserstein(schedule, one)) for one in others if not one.learns
    ]
    return sorted(kin, key=lambda one: (one.tv, one.name))[:count]


def same_density(schedule: Schedule) -> list[str]:
    """Other names of the very same density: "cosmap" for cosine, a preset's family for the preset."""
    others = (create(name) for name in names() if name != schedule.spec)
    alike = [one for one in others if not one.learns and _median_agrees(schedule, one)]
    stood_for = [info(schedule.name).spec] if schedule.spec in names() and info(schedule.name).spec else []
    return stood_for + [
        one.spec for one in alike if total_variation(schedule, one) < SAME and one.spec not in stood_for
    ]


def _median_agrees(one: Schedule, other: Schedule) -> bool:
    """A cheap test that nearly all pairs fail."""
    return abs(float(one.ppf(0.3)) - float(other.ppf(0.3))) < 1e-6
