"""Conformance of weightings: ω(λ) is a number ≥ 0 of λ's shape, for every target, over the range that is trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schedules import spaces
from schedules.errors import UserError
from schedules.schedule import create as create_schedule
from schedules.user_code.time_limit import TimeLimit, time_limit
from schedules.weightings.targets import TARGETS
from schedules.weightings.weighting import Weighting, create, parse

SECONDS = 20.0


def check(weighting: Weighting | str) -> list[str]:
    """All failures, one line each, at the weighting's own parameters, the defaults and the corners of their space."""
    return [f"{spec}: {name}: {problem}" for spec, name, problem in results(weighting) if problem]


def results(weighting: Weighting | str) -> Iterator[tuple[str, str, str | None]]:
    """(spec, property, problem or None) for every point of the parameter space."""
    first = parse(weighting) if isinstance(weighting, str) else weighting
    corners = spaces.corners(first.info.ranges) if first.info.ranges else []
    points = {one.spec: one for one in [first, *(create(first.name, **params) for params in [{}, *corners])]}
    for spec, point in points.items():
        try:
            with time_limit(SECONDS), np.errstate(all="ignore"):
                problem = _finite(point)
        except TimeLimit:
            problem = f"no answer within {SECONDS:g} s"
        except UserError as error:
            problem = str(error)
        except Exception as error:
            problem = f"raised {type(error).__name__}: {' '.join(str(error).split())}"
        yield spec, "finite, ≥ 0, deterministic", problem
        yield spec, "spec round-trips", None if parse(spec) == point else f"reads back as {parse(spec).spec!r}"


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
