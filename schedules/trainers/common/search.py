"""A density → the flags with which a trainer draws it: exactly, or as nearly as it can.

Each way of asking the trainer is fitted to the density by least squares on the distribution functions (∫ (F − G)² dλ)
and *read back* through what the trainer draws; it is exact when the density read back is the one that was asked for.
Most ways are out of the question: the shapes that they draw at all (`shapes`) show that soon.
Numbers get as few digits as keep it so. Where no way is exact, the best ones go on to the least W₁ = ∫ |F − G| dλ.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from schedules.densities.density import Array
from schedules.errors import UserError
from schedules.relatives import similarity
from schedules.schedule import Schedule, parse
from schedules.trainers.common.reading import complete, drawn, parse_flags
from schedules.trainers.common.shapes import Shapes, shapes, spread
from schedules.trainers.common.text import aside
from schedules.trainers.common.trainer import Span, Trainer, Value, Way

SHARES = 1.0 / (1.0 + np.exp(-np.linspace(-7.0, 7.0, 113)))
CLOSE = 1e-3  # W₁, nats, above which exactness is not even tried
COARSE = 1.0 / (1.0 + np.exp(-np.linspace(-6.0, 6.0, 25)))  # shares at which shapes are looked at
DIGITS = (3, 5, 7, 9, 11, 13, 17)
NEAREST_DIGITS = 4
PROMISING = 2.0  # times the least W₁ after least squares, up to which a way is looked at closely
TIE = 1e-4  # nats; of ways as good as that the plainest is taken
FEW, MANY = 6, 96  # points all over a way that bends, from the nearest of which a fit begins, or begins again
ASTRAY = 0.3  # nats, up to which it begins again
FAR = 1e3  # nats, for flags that the trainer or the registry refuses


@dataclass(frozen=True)
class Expression:
    """Flags for a density.

    flags:  to paste
    spec:   what they draw
    exact:  whether that is the density asked for
    w1, tv: its distance: how far draws move on average, nats of λ, and the share of them that would have to
    notes:  what a reader should know, one line each

        >>> import schedules
        >>> from schedules import trainers
        >>> expression = trainers.express(schedules.parse("logit_normal:m=0.4"), "edm2")
        >>> expression.flags, expression.exact, expression.w1
        ('--P_mean=-0.2931472 --P_std=1', True, 0.0)
    """

    trainer: str
    flags: str
    spec: str
    exact: bool
    w1: float
    tv: float
    notes: tuple[str, ...]


def express(
    schedule: Schedule,
    trainer: Trainer,
    *,
    pinned: str = "",
    tokens: int | None = None,
    sigma_data: float | None = None,
) -> Expression:
    """Flags that draw the density, or the nearest that the trainer can.

    pinned:     flags that are to stay as they are, as a scheduler's shift or a script's name
    tokens:     image tokens; only with them ways are tried whose density depends on them
    sigma_data: σ_d, where the trainer has one
    UserError: a schedule that learns; pinned flags that leave no way
    """
    search = _Search(schedule, trainer, pinned, tokens, sigma_data)
    return search.exact() or search.nearest()


def exactly(schedule: Schedule, trainer: Trainer, sigma_data: float | None = None) -> Expression | None:
    """Flags that draw this very density; None where the trainer has none. sigma_data: as of `express`"""
    return _Search(schedule, trainer, "", None, sigma_data).exact()


class _Search:
    """One density and one trainer."""

    def __init__(
        self, schedule: Schedule, trainer: Trainer, pinned: str, tokens: int | None, sigma_data: float | None
    ) -> None:
        if schedule.learns:
            raise UserError(f"schedule {schedule.spec!r} learns while training; there is no fixed density to export")
        self._schedule, self._trainer = schedule, trainer
        self._pinned, _ = parse_flags(trainer, pinned, tokens=tokens, sigma_data=sigma_data)
        ways = [way for way in trainer.ways if self._is_open(way)]
        if not ways:
            raise UserError(f"{trainer.name} has no way of drawing a density that goes with {pinned!r}")
        goal = _Goal(schedule)
        self._fits = [_Fit(goal, trainer, way, self._pinned) for way in ways]

    def _is_open(self, way: Way) -> bool:
        """Whether what is pinned goes together with a way, and is all that it needs."""
        agrees = all(self._pinned.get(name, value) == value for name, value in way.fixed.items())
        return agrees and all(name in self._pinned for name in way.needs)

    def exact(self) -> Expression | None:
        """The first way that draws the density itself."""
        for fit in self._fits:
            if fit.draws_other_shapes():
                continue
            point = fit.least_squares(fit.start(FEW))
            if fit.distance(point) > CLOSE and fit.may_be_elsewhere(point):
                point = fit.least_squares(fit.start(MANY))
            if fit.distance(point) > CLOSE:
                continue
            for digits in DIGITS:
                settings = fit.settings(point, digits)
                try:
                    read_back, _ = drawn(self._trainer, settings)
                except UserError:
                    continue
                if similarity.total_variation(self._schedule, read_back) < similarity.SAME:
                    return self._expression(settings, exact=True)
        return None

    def nearest(self) -> Expression:
        """The way whose draws are the least far away on average."""
        fits = [fit for fit in self._fits if not fit.way.kind or fit.way.kind in self._pinned]
        points = [fit.least_squares(fit.defaults()) for fit in fits]
        first = [fit.distance(point) for fit, point in zip(fits, points, strict=True)]
        if min(first, default=FAR) >= FAR:
            raise UserError(f"{self._trainer.name} takes no flags near {self._schedule.spec!r}")
        promising = [at for at, distance in enumerate(first) if distance <= PROMISING * min(first)]
        polished = {at: fits[at].least_distance(points[at]) for at in promising}
        distances = {at: fits[at].distance(point) for at, point in polished.items()}
        best = next(at for at, distance in distances.items() if distance <= min(distances.values()) + TIE)
        return self._expression(fits[best].settings(polished[best], NEAREST_DIGITS), exact=False)

    def _expression(self, settings: dict[str, Value], *, exact: bool) -> Expression:
        read_back, draw = drawn(self._trainer, settings)
        own = {name: settings[name] for name in self._trainer.flags if name in settings}
        beside = {name: own.pop(name) for name, flag in self._trainer.flags.items() if name in own and not flag.written}
        return Expression(
            trainer=self._trainer.name,
            flags=(self._trainer.write(own) + aside(beside)).strip(),
            spec=read_back.spec,
            exact=exact,
            w1=0.0 if exact else similarity.wasserstein(self._schedule, read_back),
            tv=0.0 if exact else similarity.total_variation(self._schedule, read_back),
            notes=draw.notes,
        )


class _Goal:
    """The density to fit: F at points of λ that follow it, and how much of λ each point stands for."""

    def __init__(self, schedule: Schedule) -> None:
        limit = similarity.LIMIT
        inner = np.clip(schedule.ppf(SHARES), -limit, limit)
        self.points: Array = np.unique(np.concatenate([inner, np.linspace(-limit, limit, 161)]))
        self.mass = schedule.cdf(self.points)
        self.length = np.gradient(self.points)
        self.quantiles = schedule.ppf(COARSE)


class _Fit:
    """One way, its free numbers as a point of ℝⁿ: logarithms where a span says so."""

    def __init__(self, goal: _Goal, trainer: Trainer, way: Way, pinned: dict[str, Value]) -> None:
        self._goal, self._trainer, self.way, self._pinned = goal, trainer, way, pinned
        self._spans = {name: span for name, span in way.free.items() if name not in pinned}
        self._low = np.array([_forth(span.low, span) for span in self._spans.values()])
        self._high = np.array([_forth(span.high, span) for span in self._spans.values()])

    def settings(self, point: Array, digits: int) -> dict[str, Value]:
        """Flags at a point, their numbers to so many digits."""
        numbers = {
            name: _rounded(min(max(_back(float(at), span), span.low), span.high), digits)
            for (name, span), at in zip(self._spans.items(), point, strict=True)
        }
        return {**self._pinned, **self.way.fixed, **numbers}

    def difference(self, point: Array) -> Array:
        """F − G where it was asked for; `FAR` for what the trainer or the registry refuses."""
        try:
            return self._density(point).cdf(self._goal.points) - self._goal.mass
        except UserError:
            return np.full(self._goal.points.shape, FAR)

    def draws_other_shapes(self) -> bool:
        """Whether no draw of this way has the quantiles that were asked for, whatever its numbers."""
        possible = self._shapes() if self._spans else None
        return possible is not None and possible.lack(self._goal.quantiles)

    def _shapes(self) -> Shapes | None:
        key = id(self.way), tuple(sorted(self._pinned.items()))
        if key not in _SHAPES:
            drawn = shapes(lambda point: self._density(point).ppf(COARSE), self._low, self._high)
            _SHAPES[key] = self.way, drawn
        return _SHAPES[key][1]

    def distance(self, point: Array) -> float:
        """W₁, nats."""
        return float(np.sum(self._goal.length * np.abs(self.difference(point))))

    def may_be_elsewhere(self, point: Array) -> bool:
        """Whether a fit that is not exact may have gone astray: near by, at a bound of a way that bends."""
        at_bound = bool(np.any(np.isclose(point, self._low) | np.isclose(point, self._high)))
        return at_bound and self._shapes() is None and self.distance(point) < ASTRAY

    def defaults(self) -> Array:
        """The trainer's own numbers; the middle of a span that has none inside."""
        middle = 0.5 * (self._low + self._high)
        starts = []
        for (name, span), fallback in zip(self._spans.items(), middle, strict=True):
            default = self._trainer.flags[name].default
            inside = isinstance(default, float) and span.low < default < span.high
            starts.append(_forth(default, span) if inside and isinstance(default, float) else fallback)
        return np.array(starts, dtype=np.float64)

    def start(self, count: int) -> Array:
        """The defaults; of a way that bends, the one with the least W₁ among them and `count` points all over."""
        defaults = self.defaults()
        if not defaults.size or self._shapes() is not None:
            return defaults
        return min((defaults, *spread(self._low, self._high, count)), key=self.distance)

    def least_squares(self, start: Array) -> Array:
        """The point with the least ∫ (F − G)² dλ near another."""
        if not start.size:
            return start
        root = np.sqrt(self._goal.length)
        origin = start - 1.0  # the first step is as long as the start is far from 0

        def residual(step: Array) -> Array:
            return root * self.difference(origin + step)

        solution = optimize.least_squares(
            residual,
            np.ones(start.size),
            bounds=(self._low - origin, self._high - origin),
            method="dogbox",
            ftol=1e-6,  # stops where a rest stays; an exact answer goes on to rounding
            xtol=1e-14,
            gtol=1e-15,
            max_nfev=100,
        )
        return np.asarray(origin + solution.x, dtype=np.float64)

    def _density(self, point: Array) -> Schedule:
        """What the trainer draws there. UserError where it or the registry refuses."""
        return _parse(self._trainer.draw(complete(self._trainer, self.settings(point, 17))).spec)

    def least_distance(self, start: Array) -> Array:
        """The point with the least W₁ near another."""
        if not start.size:
            return start
        solution = optimize.minimize(
            self.distance,
            np.clip(start, self._low, self._high),  # least squares ends a rounding beyond a bound
            method="Nelder-Mead",
            bounds=list(zip(self._low, self._high, strict=True)),
            options={"xatol": 1e-4, "fatol": 1e-5, "maxiter": 100},
        )
        return np.asarray(solution.x, dtype=np.float64)


_SHAPES: dict[tuple[object, ...], tuple[Way, Shapes | None]] = {}
"""Of a way with what is pinned; the way stands beside, so that its id is no other's."""


@functools.lru_cache(maxsize=2048)
def _parse(spec: str) -> Schedule:
    """Kept, because the ways of several trainers pass through the same densities."""
    return parse(spec)


def _rounded(value: float, digits: int) -> float:
    """To so many digits; what is 0 up to them is 0."""
    return 0.0 if abs(value) < 10.0 ** -(digits + 2) else float(f"{value:.{digits}g}")


def _forth(value: float, span: Span) -> float:
    return math.log(value) if span.log else value


def _back(value: float, span: Span) -> float:
    return math.exp(value) if span.log else value
