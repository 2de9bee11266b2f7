"""How near two schedules are, and which names stand for the same density or the same objective.

TV(p, r) = ½ ∫ |p − r| dλ, the share of draws that would have to move; W₁(p, r) = ∫ |F − G| dλ, how far they move on
average, in nats, with λ clipped to ±20 as in training.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from schedules import weightings
from schedules.densities.density import Array
from schedules.schedule import SCHEDULES, Schedule, create, info, names

LIMIT = 20.0
COMES_WITH_US = ("builtin", "preset")  # origins of schedules whose relatives are known
SAME = 1e-8  # total variation below which two densities are one: tables are accurate to 1e-9
NEAR = 0.01  # and below which no board of a few seeds will tell them apart
_FEW = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
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


def beyond(schedule: Schedule) -> float:
    """P(|λ| > 20): the share of draws that training clips to its range."""
    return float(schedule.cdf(np.array(-LIMIT)) + schedule.time(np.array(LIMIT)))


def nearest(schedule: Schedule, count: int | None = None, within: float = np.inf) -> list[Kin]:
    """Registered schedules and presets at their defaults, nearest first in total variation; itself left out.

    within: only those that are nearer in total variation, which |F(λ) − G(λ)| never exceeds
    """
    registered, quantiles, shares = _registered(SCHEDULES.changes)
    apart = np.abs(schedule.cdf(quantiles) - shares).max(axis=1)
    kin = [
        Kin(other.name, total_variation(schedule, other), wasserstein(schedule, other))
        for other, least in zip(registered, apart, strict=True)
        if least <= within and other.name != schedule.spec
    ]
    inside = [relative for relative in kin if relative.tv < within]
    return sorted(inside, key=lambda relative: (relative.tv, relative.name))[:count]


@functools.lru_cache(maxsize=1)
def _registered(changes: int) -> tuple[list[Schedule], Array, Array]:
    """Those that don't learn, at their defaults; a few of each one's quantiles and its F there, (schedules, few).

    changes: of the registry, since which they hold
    """
    schedules = [schedule for schedule in map(create, names()) if not schedule.learns]
    quantiles = np.array([schedule.ppf(_FEW) for schedule in schedules])
    shares = [schedule.cdf(points) for schedule, points in zip(schedules, quantiles, strict=True)]
    return schedules, quantiles, np.array(shares)


def near(schedule: Schedule) -> list[Kin]:
    """Schedules and presets of another name that are this density or nearly so, the nearest first."""
    return [kin for kin in nearest(schedule, within=NEAR) if kin.name != schedule.name]


def likeness(schedule: Schedule) -> str:
    """That a schedule of one's own is one that is registered already, or nearly so; "" where it is neither.

    "its density is that of loglogistic at its defaults and of uniform_gamma"; of one that learns, as it starts. Nothing
    is said of those that come with snrbench.
    """
    kin = near(schedule) if schedule.info.origin not in COMES_WITH_US else []
    start = "at the start " if schedule.learns else ""
    if alike := sorted(relative.name for relative in kin if relative.same):
        return f"{start}its density is that of {_at_defaults(alike)}"
    if kin:
        nearly = f"its density is nearly that of {_at_defaults([kin[0].name])}"
        return f"{start}{nearly}: {kin[0].tv:.2%} of the draws differ"
    return ""


def _at_defaults(alike: list[str]) -> str:
    """Names, those that have parameters first: "edm, split_lognormal at their defaults and of preset/pi0"."""
    families = [name for name in alike if info(name).params]
    fixed = ", ".join(name for name in alike if name not in families)
    if not families:
        return fixed
    defaults = f"{', '.join(families)} at {'its' if len(families) == 1 else 'their'} defaults"
    return f"{defaults} and of {fixed}" if fixed else defaults


def same_density(schedule: Schedule) -> list[str]:
    """Other names of the very same density: "cosmap" for cosine, a preset's family for the preset."""
    others = [other for other in _registered(SCHEDULES.changes)[0] if other.name != schedule.spec]
    alike = [other for other in others if same(schedule, other)]
    stood_for = [info(schedule.name).spec] if schedule.spec in names() and info(schedule.name).spec else []
    return stood_for + [twin.spec for twin in alike if twin.spec not in stood_for]


def same(one: Schedule, other: Schedule) -> bool:
    """Whether two schedules are one density; of those that learn, as they start."""
    return _median_agrees(one, other) and total_variation(one, other) < SAME


def _median_agrees(first: Schedule, second: Schedule) -> bool:
    """A cheap test that nearly all pairs fail."""
    return abs(float(first.ppf(0.3)) - float(second.ppf(0.3))) < 1e-6


def same_objective(schedule: Schedule, target: str) -> list[str]:
    """Pairs "schedule + weighting" that train for the same as this schedule under plain MSE in a target's space.

    The objective is p(λ)·ω(λ) up to a factor; pairs whose own density is this one, and weightings that divide by p,
    are left out. UserError: unknown target.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return _same_objective(schedule, target)


def _same_objective(schedule: Schedule, target: str) -> list[str]:
    at = np.linspace(-8.0, 8.0, 65)
    objective = np.log(schedule.pdf(at)) + np.log(weightings.target_factor(target, at))
    ways = [weightings.create(name) for name in weightings.names()]
    # A target's plain weighting says nothing that `native` doesn't.
    ways = [way for way in ways if not way.learns and "schedule" not in way.info.context]
    ways = [way for way in ways if way.name not in ("native", target)]
    synonyms = []
    for name in names():
        other = create(name)
        if other.learns:
            continue
        density = np.log(other.pdf(at))
        if _constant(density - np.log(schedule.pdf(at))):
            continue
        synonyms += [
            f"{name} + {way.name}" for way in ways if _constant(density + np.log(way(at, target, other)) - objective)
        ]
    return synonyms


def _constant(log_ratio: Array) -> bool:
    return bool(np.all(np.isfinite(log_ratio)) and np.ptp(log_ratio) < 1e-9)
