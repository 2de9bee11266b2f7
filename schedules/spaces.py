"""Search spaces of parameters: ranges and choices, does a value belong, and what are a space's corners.

Plugins may use Optuna's distributions or the three classes here, which say the same without importing Optuna (0.15 s of
every command); `to_optuna` turns one into the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

from schedules.errors import UserError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = float | int | str | bool

CORNERS, CORNERS_OF_A_LEARNER = 64, 16
"""Corners of a space that a check tries at most; what learns takes a tenth of a second at each."""


@dataclass(frozen=True)
class Float:
    """A number in [low, high]; `log`: searched on a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))


@dataclass(frozen=True)
class Int:
    """An integer in [low, high]."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    choices: tuple[Value, ...]


Range = Any  # Float, Int, Choice or one of Optuna's three distributions, which have the same attributes
Space = Mapping[str, Range]


def to_optuna(space: Range) -> BaseDistribution:
    """The same space as Optuna's distribution."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(space, Float):
        return FloatDistribution(space.low, space.high, log=space.log)
    if isinstance(space, Int):
        return IntDistribution(space.low, space.high, log=space.log)
    return CategoricalDistribution(space.choices) if isinstance(space, Choice) else space


def is_space(space: Range) -> bool:
    """Whether it is a range or a list of choices at all."""
    return hasattr(space, "choices") or (hasattr(space, "low") and hasattr(space, "high"))


def is_bounded(space: Range) -> bool:
    """Whether both ends of a range are finite numbers."""
    return hasattr(space, "choices") or (math.isfinite(space.low) and math.isfinite(space.high))


def describe(space: Range) -> str:
    """A space in words: "a number in [0.1, 3]", "an integer in [10, 4000]", "one of noise, clean"."""
    if hasattr(space, "choices"):
        return f"one of {', '.join(map(str, space.choices))}"
    kind = "an integer" if isinstance(space.low, int) else "a number"
    return f"{kind} in [{space.low:g}, {space.high:g}]"


def example(default: Value) -> str:
    """What to write for a parameter that has no space yet, by its default."""
    if isinstance(default, bool | str):
        return f"CategoricalDistribution([{default!r}, …])"
    if isinstance(default, int):
        return f"IntDistribution({min(default, 1)}, {max(10 * default, 10)})"
    return "FloatDistribution(low, high)"


def convert(value: Any, space: Range) -> Value:
    """The value as the space's own type; UserError says what was expected if it doesn't belong."""
    if hasattr(space, "choices"):
        for choice in space.choices:
            if value == choice or (isinstance(value, str) and value == str(choice)):
                return choice
        raise UserError(f"expected {describe(space)}")
    number = _number(value)
    if number is None or not space.low <= number <= space.high:
        raise UserError(f"expected {describe(space)}")
    if not isinstance(space.low, int):
        return number + 0.0  # −0.0 becomes 0.0, so that equal values print equally
    if not number.is_integer():
        raise UserError(f"expected {describe(space)}")
    return int(number)


def corners(space: Space, limit: int = CORNERS) -> list[dict[str, Value]]:
    """Every combination of extreme values; where they are more than `limit`, so many of them, always the same."""
    ends = [
        distribution.choices if hasattr(distribution, "choices") else (distribution.low, distribution.high)
        for distribution in space.values()
    ]
    total = math.prod(len(extremes) for extremes in ends)
    if total <= limit:
        return [dict(zip(space, values, strict=True)) for values in product(*ends)]
    draw = Random(0)
    return [{key: draw.choice(list(values)) for key, values in zip(space, ends, strict=True)} for _ in range(limit)]


def text(value: Value) -> str:
    """The shortest text that reads back as the same value: 3, 0.5, 1e-05, noise."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
