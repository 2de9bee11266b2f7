"""Is it a density? The conformance tests that a schedule must pass before a second of training is spent.

`validate` looks at one schedule in some milliseconds and raises; `check` looks at every corner of the parameter space
and reports all that is wrong, property by property.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from schedules import learning, spaces
from schedules.densities.density import Array
from schedules.errors import UserError, named
from schedules.schedule import Schedule, create, parse
from schedules.user_code.guarded_calls import FROM_OUTSIDE, foreign
from schedules.user_code.time_limit import SECONDS, TimeLimit, time_limit

RESOLUTION = 1e-8  # of λ, relative beyond |λ| = 1: half a digit better than what a tabulated ppf states
MAX_UNRESOLVED = 5e-3  # share of the mass that may lie in intervals of λ below the resolution

_DEPTHS = np.arange(12.0, 0.0, -0.5)
SHARES = np.concatenate([10.0**-_DEPTHS, [0.5], 1.0 - 10.0 ** -_DEPTHS[::-1]])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_ROUNDS = 40
_MAX_INTERVALS = 3000


@dataclass(frozen=True)
class Property:
    """One thing that must hold: `find` returns what is wrong, or None."""

    name: str
    find: Callable[[Schedule], str | None]


def validate(schedule: Schedule) -> None:
    """Raise UserError, in one line, unless the schedule is a density with working cdf and ppf at its own parameters.

    Looked at: shapes, a ppf that is finite and monotone inside (0, 1), a pdf ≥ 0 that integrates to 1, cdf and ppf that
    invert each other, a spec that reads back, the same numbers twice. `check` looks at all of the parameter space.

        >>> import schedules
        >>> schedules.validate(schedules.create("laplace", scale=0.5))
    """
    for prop in PROPERTIES:
        problem = _find(prop, schedule)
        if problem:
            raise UserError(f"schedule {schedule.spec!r} fails {prop.name!r}: {problem}")


def check(schedule: Schedule | str) -> list[str]:
    """All failures of a schedule, one line each: plugin, parameters, property and the λ or q.

    The schedule's own parameters, its family's defaults and every corner of their space are tried (64 corners at
    most, 16 of a schedule that learns).

    Returns an empty list where nothing is wrong. UserError for a spec that is none.

        >>> import schedules
        >>> schedules.check("laplace:scale=0.5")
        []
    """
    return [f"{spec}: {name}: {problem}" for spec, name, problem in results(schedule) if problem]


def results(schedule: Schedule | str) -> Iterator[tuple[str, str, str | None]]:
    """(spec, property, problem or None) for every point of the parameter space and every property."""
    first = parse(schedule) if isinstance(schedule, str) else schedule
    for point, problem in _points(first):
        if point is None:
            yield first.name, "corners", problem
            continue
        for prop in PROPERTIES:
            yield point.spec, prop.name, _find(prop, point)


def _points(first: Schedule) -> Iterator[tuple[Schedule | None, str | None]]:
    """The schedule, its family at the defaults, and its family at every corner; or why one can't be made."""
    yield first, None
    if first.info.spec or not first.info.ranges:
        return
    seen = {first.spec}
    for params in [
        {},
        *spaces.corners(first.info.ranges, spaces.CORNERS_OF_A_LEARNER if first.learns else spaces.CORNERS),
    ]:
        try:
            point = create(first.name, **params)
        except UserError as problem:
            yield None, f"{problem} at {params}"
            continue
        if point.spec not in seen:
            seen.add(point.spec)
            yield point, None


def _find(prop: Property, schedule: Schedule) -> str | None:
    try:
        with time_limit(SECONDS), foreign():
            return prop.find(schedule)
    except TimeLimit:
        return f"no answer within {SECONDS:g} s"
    except FROM_OUTSIDE:
        raise
    except BaseException as problem:
        return f"raised {named(problem)}"


def _shapes(schedule: Schedule) -> str | None:
    """pdf, cdf and ppf keep the shape of what they get."""
    shares = np.array([[0.2, 0.5, 0.7], [0.3, 0.6, 0.9]])
    for method, at in (("ppf", shares), ("pdf", schedule.ppf(shares)), ("cdf", schedule.ppf(shares))):
        for value in (at, at[0, 0], at[:0]):
            got = getattr(schedule, method)(value).shape
            if got != np.shape(value):
                return f"{method} of shape {np.shape(value)} has shape {got}"
    return None


def _quantiles_finite(schedule: Schedule) -> str | None:
    """ppf is finite inside (0, 1)."""
    value = schedule.ppf(SHARES)
    return _first(~np.isfinite(value), "q", SHARES, "ppf is {}", value)


def _quantiles_increase(schedule: Schedule) -> str | None:
    """ppf never falls; λ(t) never rises."""
    shares = np.unique(np.concatenate([SHARES, np.linspace(1e-3, 1 - 1e-3, 999)]))
    for name, value in (("ppf", schedule.ppf(shares)), ("λ(t) from its end", schedule.logsnr(1.0 - shares))):
        falls = ~(np.diff(value) >= -1e-9 * np.maximum(1.0, np.abs(value[1:])))
        problem = _first(falls, "q", shares[1:], f"{name} decreases to {{}}", value[1:])
        if problem:
            return problem
    return None


def _inverse(schedule: Schedule) -> str | None:
    """cdf(ppf(q)) = q, and ppf(cdf(λ)) = λ as far as p(λ) lets q tell λ apart."""
    at = schedule.ppf(SHARES)
    back = schedule.cdf(at)
    problem = _first(_misses(schedule.cdf, at, SHARES), "q", SHARES, "cdf(ppf(q)) is {}", back)
    if problem:
        return problem
    bulk = (SHARES > 1e-6) & (SHARES < 1 - 1e-6)
    at, again = at[bulk], schedule.ppf(back[bulk])
    slack = 1e-6 * np.maximum(1.0, np.abs(at)) + 1e-9 / np.maximum(schedule.pdf(at), 1e-300)
    return _first(~(np.abs(again - at) <= slack), "λ", at, "ppf(cdf(λ)) is {}", again)


def _upper_tail(schedule: Schedule) -> str | None:
    """time is 1 − cdf and logsnr is its inverse, in both tails."""
    at = schedule.ppf(SHARES)
    both = schedule.time(at) + schedule.cdf(at)
    problem = _first(~(np.abs(both - 1) <= 1e-8), "λ", at, "cdf + time is {}", both)
    if problem:
        return problem
    at = schedule.logsnr(SHARES)
    return _first(_misses(schedule.time, at, SHARES), "t", SHARES, "time(logsnr(t)) is {}", schedule.time(at))


def _misses(share: Callable[[Array], Array], at: Array, expected: Array) -> np.ndarray:
    """Where a share of the mass at λ is not the expected one, not even within the stated accuracy of λ.

    Next to a pole of p, a last digit of λ may hold a visible share.
    """
    blur = RESOLUTION * np.maximum(1.0, np.abs(at))
    near = np.sort(np.stack([share(at - blur), share(at), share(at + blur)]), axis=0)
    slack = 1e-8 + 1e-3 * np.minimum(expected, 1 - expected)
    return ~((expected >= near[0] - slack) & (expected <= near[-1] + slack))


def _pdf_valid(schedule: Schedule) -> str | None:
    """p(λ) ≥ 0, never NaN, wherever one may ask."""
    at = np.concatenate([schedule.ppf(SHARES), np.linspace(-60.0, 60.0, 241), [-1e4, 1e4]])
    value = schedule.pdf(at)
    return _first(~(value >= 0), "λ", at, "pdf is {}", value)


def _integrates(schedule: Schedule) -> str | None:
    """The integral of pdf between quantiles is the difference of cdf, so that all of it is 1.

    Gauss-Legendre of order 16 on each interval; one that disagrees is halved, which settles kinks and jumps of the
    pdf and multiplies the intervals of a pdf that is wrong.
    """
    edges = np.unique(schedule.ppf(SHARES))
    if edges.size < 2 or not np.all(np.isfinite(edges)):
        return f"does not integrate to 1: its quantiles span no range of λ, they are {edges[:3]}"
    low, high = edges[:-1], edges[1:]
    for _ in range(_ROUNDS):
        missing = np.diff(np.stack([schedule.cdf(low), schedule.cdf(high)]), axis=0)[0] - _integral(schedule, low, high)
        wrong = ~(np.abs(missing) <= 1e-8 + 1e-6 * (schedule.cdf(high) - schedule.cdf(low)))
        low, high, missing = low[wrong], high[wrong], missing[wrong]
        # What lies closer together than λ is known can't be integrated; a little is a pole, much a point mass.
        blurred = high - low < RESOLUTION * np.maximum(1.0, np.abs(low))
        if np.sum(np.abs(missing[~blurred])) <= 1e-6 and np.sum(np.abs(missing)) <= MAX_UNRESOLVED:
            return None
        if low.size > _MAX_INTERVALS:
            break
        middle = 0.5 * (low + high)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    total = _integral(schedule, edges[:-1], edges[1:]).sum()
    where = float(low[0]) if low.size else float(edges[0])
    return f"does not integrate to 1: the pdf's integral is about {total:.6g} and departs from the cdf at λ={where:.6g}"


def _integral(schedule: Schedule, low: Array, high: Array) -> Array:
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    return half * (schedule.pdf(middle[:, None] + half[:, None] * _NODES) @ _WEIGHTS)


def _round_trip(schedule: Schedule) -> str | None:
    """The canonical spec reads back as the same schedule."""
    again = parse(schedule.spec)
    return None if again == schedule else f"{schedule.spec!r} reads back as {again.spec!r}"


def _deterministic(schedule: Schedule) -> str | None:
    """The same q gives the same λ, from this schedule and from another one of the same spec."""
    first, second, other = schedule.ppf(SHARES), schedule.ppf(SHARES), parse(schedule.spec).ppf(SHARES)
    for again in (second, other):
        problem = _first(again != first, "q", SHARES, "ppf changes to {} when asked again", again)
        if problem:
            return problem
    return None


def _first(wrong: np.ndarray, symbol: str, at: Array, problem: str, value: Array) -> str | None:
    """One line on the first place where something is wrong."""
    if not np.any(wrong):
        return None
    where = int(np.flatnonzero(wrong)[0])
    return f"{problem.format(f'{value[where]:.9g}')} at {symbol}={at[where]:.9g}"


def _learns(schedule: Schedule) -> str | None:
    """One that learns takes what training tells it, stays a density, and goes on from its saved state."""
    if not schedule.learns:
        return None
    blocks = np.linspace(-learning.LIMIT, learning.LIMIT, 400).reshape(20, 20)

    def importance(learner: Schedule) -> Array:
        value = learner.importance(blocks)
        if value.shape != blocks.shape:
            raise learning.LearningError(f"importance of shape {blocks.shape} has shape {value.shape}")
        return value

    outputs = {"ppf": lambda learner: learner.ppf(SHARES), "importance": importance}
    fresh = functools.partial(parse, schedule.spec)
    return learning.problem(fresh, lambda learner, u: learner.ppf(u), outputs, _is_density)


def _is_density(schedule: Schedule) -> str | None:
    for prop in DENSITY:
        if problem := prop.find(schedule):
            return f"after update, {prop.name!r} fails: {problem}"
    return None


DENSITY = (
    Property("shapes", _shapes),
    Property("ppf is finite", _quantiles_finite),
    Property("ppf is monotone", _quantiles_increase),
    Property("pdf is a density", _pdf_valid),
    Property("cdf inverts ppf", _inverse),
    Property("time inverts logsnr", _upper_tail),
    Property("integrates to 1", _integrates),
)
PROPERTIES = (
    *DENSITY,
    Property("spec round-trips", _round_trip),
    Property("deterministic", _deterministic),
    Property(learning.PROPERTY, _learns),
)
