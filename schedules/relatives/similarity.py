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
_FEW = np.array([-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0])  # λ
_AT = np.linspace(-8.0, 8.0, 65)  # λ
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
    registered, shares = _registered(SCHEDULES.changes)
    apart = np.abs(shares - schedule.cdf(_FEW)).max(axis=1)
    kin = [
        Kin(other.name, total_variation(schedule, other), wasserstein(schedule, other))
        for other, least in zip(registered, apart, strict=True)
        if least <= within and other.name != schedule.spec
    ]
    inside = [relative for relative in kin if relative.tv < within]
    return sorted(inside, key=lambda relative: (relative.tv, relative.name))[:count]


@functools.lru_cache(maxsize=1)
def _registered(changes: int) -> tuple[list[Schedule], Array]:
    """Those that don't learn, at their defaults, and F of each at a few λ; shape (schedules, few).

    changes: of the registry, since which they hold
    """
    schedules = [schedule for schedule in map(create, names()) if not schedule.learns]
    return schedules, np.array([schedule.cdf(_FEW) for schedule in schedules])


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
    alike = sorted(kin.name for kin in nearest(schedule, within=SAME))
    stood_for = [info(schedule.name).spec] if schedule.spec in names() and info(schedule.name).spec else []
    return stood_for + [name for name in alike if name not in stood_for]


def same(one: Schedule, other: Schedule) -> bool:
    """Whether two schedules are one density; of those that learn, as they start."""
    apart = np.abs(one.cdf(_FEW) - other.cdf(_FEW)).max()  # which nearly all pairs are
    return bool(apart < SAME) and total_variation(one, other) < SAME


def same_objective(schedule: Schedule, target: str) -> list[str]:
    """Pairs "schedule + weighting" that train for the same as this schedule under plain MSE in a target's space.

    The objective is p(λ)·ω(λ) up to a factor; pairs whose own density is this one, and weightings that divide by p,
    are left out. UserError: unknown target.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(schedule.pdf(_AT))
        objective = own + np.log(weightings.target_factor(target, _AT))
        registered, densities = _densities(SCHEDULES.changes)
        ways = [weightings.create(name) for name in weightings.names()]
        # A target's plain weighting says nothing that `native` doesn't.
        ways = [way for way in ways if not way.learns and "schedule" not in way.info.context]
        ways = [way for way in ways if way.name not in ("native", target)]
        weights = {way.name: np.log(way(_AT, target, schedule)) for way in ways}
        return [
            f"{other.name} + {name}"
            for other, density in zip(registered, densities, strict=True)
            if not _constant(density - own)
            for name, weight in weights.items()
            if _constant(density + weight - objective)
        ]


@functools.lru_cache(maxsize=1)
def _densities(changes: int) -> tuple[list[Schedule], Array]:
    """As `_registered`, with ln p of each at the λ where objectives are compared; shape (schedules, λ)."""
    registered, _ = _registered(changes)
    return registered, np.log(np.array([schedule.pdf(_AT) for schedule in registered]))


def _constant(log_ratio: Array) -> bool:
    return bool(np.all(np.isfinite(log_ratio)) and np.ptp(log_ratio) < 1e-9)
