"""Search spaces of parameters: does a value belong, and what are a space's corners."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from schedules.errors import UserError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = float | int | str | bool
Space = Mapping[str, "BaseDistribution"]


def describe(space: BaseDistribution) -> str:
    """A space in words: "a number in [0.1, 3]", "an integer in [10, 4000]", "one of noise, clean"."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    if isinstance(space, CategoricalDistribution):
        return f"one of {', '.join(map(str, space.choices))}"
    kind = "an integer" if isinstance(space, IntDistribution) else "a number"
    return f"{kind} in [{space.low:g}, {space.high:g}]"  # type: ignore[attr-defined]


def convert(value: Any, space: BaseDistribution) -> Value:
    """The value as the space's own type; UserError says what was expected if it doesn't belong."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(space, CategoricalDistribution):
        for choice in space.choices:
            if value == choice or (isinstance(value, str) and value == str(choice)):
                return choice  # type: ignore[return-value]
        raise UserError(f"expected {describe(space)}")
    if not isinstance(space, FloatDistribution | IntDistribution):
        raise UserError(f"a space of type {type(space).__name__} is not supported")
    number = _number(value)
    if number is None or not space.low <= number <= space.high:
        raise UserError(f"expected {describe(space)}")
    if isinstance(space, FloatDistribution):
        return number + 0.0  # −0.0 becomes 0.0, so that equal values print equally
    if not number.is_integer():
        raise UserError(f"expected {describe(space)}")
    return int(number)


def corners(space: Space, limit: int = 64) -> list[dict[str, Value]]:
    """Every combination of extreme values, `limit` at most."""
    from optuna.distributions import CategoricalDistribution

    ends = [
        one.choices if isinstance(one, CategoricalDistribution) else (one.low, one.high)  # type: ignore[attr-defined]
        for one in space.values()
    ]
    return [dict(zip(space, values, strict=True)) for values in islice(product(*ends), limit)]


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
