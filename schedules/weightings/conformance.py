"""Conformance of weightings: ω(λ) is a number ≥ 0 of λ's shape, for every target, over the range that is trained."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from schedules import learning, spaces
from schedules.densities.density import Array
from schedules.errors import UserError, named, text_of
from schedules.schedule import Schedule
from schedules.schedule import create as create_schedule
from schedules.user_code.guarded_calls import FROM_OUTSIDE, foreign
from schedules.user_code.time_limit import SECONDS, TimeLimit, time_limit
from schedules.weightings.targets import ERRORS, TARGETS
from schedules.weightings.weighting import Weighting, create, parse


def check(weighting: Weighting | str) -> list[str]:
    """All failures, one line each, at the weighting's own parameters, the defaults and the corners of their space.

    >>> from schedules import weightings
    >>> weightings.check("min_snr")
    []
    """
    return [f"{spec}: {name}: {problem}" for spec, name, problem in results(weighting) if problem]


def validate(weighting: Weighting | str) -> None:
    """Raise UserError, in one line, unless ω is usable at the weighting's own parameters, and learns if it is to.

    >>> from schedules import weightings
    >>> weightings.validate("min_snr:gamma=3")
    """
    point = parse(weighting) if isinstance(weighting, str) else weighting
    for name, wrong in _properties(point):
        if wrong:
            raise UserError(f"weighting {point.spec!r} fails {name!r}: {wrong}")


def results(weighting: Weighting | str) -> Iterator[tuple[str, str, str | None]]:
    """(spec, property, problem or None) for every point of the parameter space."""
    first = parse(weighting) if isinstance(weighting, str) else weighting
    corners = (
        spaces.corners(first.info.ranges, spaces.CORNERS_OF_A_LEARNER if first.learns else spaces.CORNERS)
        if first.info.ranges
        else []
    )
    points = {point.spec: point for point in [first, *(create(first.name, **params) for params in [{}, *corners])]}
    for spec, point in points.items():
        for name, wrong in _properties(point):
            yield spec, name, wrong


def _properties(point: Weighting) -> Iterator[tuple[str, str | None]]:
    yield "finite, ≥ 0, deterministic", _problem(_finite, point)
    if point.learns:
        yield learning.PROPERTY, _problem(_learning, point)
    again = parse(point.spec)
    yield "spec round-trips", None if again == point else f"reads back as {again.spec!r}"


def _problem(find: Callable[[Weighting], str | None], point: Weighting) -> str | None:
    try:
        with time_limit(SECONDS), foreign():
            return find(point)
    except TimeLimit:
        return f"no answer within {SECONDS:g} s"
    except UserError as error:
        return text_of(error)
    except FROM_OUTSIDE:
        raise
    except BaseException as error:
        return f"raised {named(error)}"


def _learning(weighting: Weighting) -> str | None:
    cosine = create_schedule("cosine")
    at = np.linspace(-learning.LIMIT, learning.LIMIT, 400).reshape(20, 20)
    outputs = {f"ω for {target}": functools.partial(_weights, at, target, cosine) for target in ERRORS}
    return learning.problem(lambda: parse(weighting.spec), lambda _, u: cosine.ppf(u), outputs)


def _weights(at: Array, target: str, schedule: Schedule, weighting: Weighting) -> Array:
    return weighting(at, target, schedule)


def _finite(weighting: Weighting) -> str | None:
    cosine = create_schedule("cosine")
    at = np.linspace(-20.0, 20.0, 161).reshape(7, 23)
    for target in TARGETS:
        value = weighting(at, target, cosine)
        if not np.all(np.isfinite(value)):
            return f"is not finite at λ={at[~np.isfinite(value)][0]:g} for target {target}"
        if not np.array_equal(value, weighting(at, target, cosine)):
            return f"changes when asked again, for target {target}"
    return None
