"""Two parameters for one thing: which of a space's parameters move a density only as the ones before them do.

λ_q(θ) is the quantile function with its parameters. A parameter is redundant where its column ∂λ_q/∂θ_k is a
combination of the columns before it (the Jacobian lacks rank), at every point that is looked at: EDM's P_mean and σ_d,
both of which move ln σ, or a `shift` behind a family that has a location. A search over both wastes a dimension.

Derivatives are central differences over 10⁻⁴ of a parameter's range, at the start and two points inside the space.
Exact redundancy leaves 10⁻⁵ of a column at most, one more shape parameter some per cent (0.07 in `sigmoid_ramp`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from schedules.densities.density import Array
from schedules.errors import UserError
from schedules.spaces import Range, Value

Values = Mapping[str, Value]
SHARES = 1.0 / (1.0 + np.exp(-np.linspace(-6.0, 6.0, 49)))
OWN = 1e-3
"""Share of a column that must be its own."""
_STEP, _EFFECT = 1e-4, 1e-6  # of the range; nats over the whole range that count as an effect
_INSIDE = (0.38, 0.62)


def redundant(quantiles: Callable[[Values], Array], start: Values, ranges: Mapping[str, Range]) -> list[str]:
    """The parameters that add nothing to those before them, in their order.

    quantiles: values of all parameters → λ at `SHARES`; UserError where they cannot be
    start:     values to begin with
    ranges:    where each parameter lies; words are left as they are in `start`, and never redundant
    """
    numbers = {
        name: interval
        for name, interval in ranges.items()
        if not hasattr(interval, "choices") and interval.low < interval.high
    }
    own = dict.fromkeys(numbers, 0.0)
    looked = False
    for place in (None, *_INSIDE):
        try:
            shares = _own_shares(quantiles, dict(start), numbers, place)
        except UserError:
            continue
        looked = True
        own = {name: max(before, shares[name]) for name, before in own.items()}
        if all(share >= OWN for share in own.values()):
            break  # looking elsewhere can only add to them
    return [name for name, share in own.items() if share < OWN] if looked else []


def _own_shares(
    quantiles: Callable[[Values], Array], values: dict[str, Value], numbers: Mapping[str, Range], place: float | None
) -> dict[str, float]:
    """Share of each parameter's column that those before it leave; 0 for one without effect."""
    if place is not None:
        # Each parameter somewhere else, so that none meets another by chance.
        spread = np.random.default_rng(0).uniform(-0.2, 0.2, len(numbers))
        values = values | {name: _at(numbers[name], place + by) for name, by in zip(numbers, spread, strict=True)}
    basis: list[Array] = []
    shares = {}
    for name, space in numbers.items():
        column = _column(quantiles, values, name, space)
        length = float(np.linalg.norm(column))
        rest = column - sum((vector * (vector @ column) for vector in basis), np.zeros_like(column))
        rest_length = float(np.linalg.norm(rest))
        shares[name] = rest_length / length if length > _EFFECT else 0.0
        if shares[name] >= OWN:
            basis.append(rest / rest_length)
    return shares


def _column(quantiles: Callable[[Values], Array], values: Values, name: str, space: Range) -> Array:
    """∂λ_q/∂θ, θ as a share of its range."""
    here = _place(space, float(values[name]))
    step = max(_STEP, 1.01 / (space.high - space.low)) if isinstance(space.low, int) else _STEP
    low, high = (_at(space, min(max(here + by, 0.0), 1.0)) for by in (-step, step))
    width = _place(space, float(high)) - _place(space, float(low))
    return (quantiles({**values, name: high}) - quantiles({**values, name: low})) / width


def _place(space: Range, value: float) -> float:
    low, high, value = (math.log(x) if space.log else float(x) for x in (space.low, space.high, value))
    return (value - low) / (high - low)


def _at(space: Range, place: float) -> Value:
    low, high = (math.log(x) if space.log else float(x) for x in (space.low, space.high))
    value = low + place * (high - low)
    value = min(max(math.exp(value) if space.log else value, space.low), space.high)
    return round(value) if isinstance(space.low, int) else float(value)
