"""Which shapes a way of a trainer draws at all: soon told of many densities, so that few are fitted.

Most ways shift and widen one density. Quantiles at some shares of all that they draw then lie on a plane through 0, of
{1, Q}, which is spanned by a few draws and seen to hold others. A density whose quantiles are off it is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np

from schedules.densities.density import Array
from schedules.errors import UserError

SPANNING, OTHERS = 6, 6
"""Draws that a plane is made of, and that are then held against it."""
TRIES = 36
"""Of which a trainer may refuse so many that those are left."""
DIMENSIONS = 3
"""That a plane has at most: a way whose draws need more bends, and says nothing."""
STEPS = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0])
"""Whose multiples, without their whole part, are spread evenly over (0, 1)ⁿ (Richtmyer 1951)."""
ROUNDING = 1e-9
"""Distance from the plane, as a share of a vector's length, that a draw may have."""
OFF = 1e-6
"""And from which on a density is none of them."""


@dataclass(frozen=True)
class Shapes:
    """The plane of what a way draws. basis: (shares, dimensions), orthonormal"""

    basis: Array

    def lack(self, quantiles: Array) -> bool:
        """Whether a density with these quantiles, (shares,), is not drawn."""
        return _off(self.basis, quantiles) > OFF


def shapes(quantiles: Callable[[Array], Array], low: Array, high: Array) -> Shapes | None:
    """Those of a way; None where they lie on no plane, or the trainer refuses most draws.

    quantiles: free numbers → quantiles, (shares,); UserError where they are refused
    low, high: bounds of the free numbers
    """
    if low.size > STEPS.size:
        return None
    draws = _draws(quantiles, low, high)
    spanning = np.array(list(islice(draws, SPANNING)))
    if len(spanning) < SPANNING:
        return None
    _, sizes, axes = np.linalg.svd(spanning / np.linalg.norm(spanning, axis=1, keepdims=True), full_matrices=False)
    basis = axes[sizes > ROUNDING * sizes[0]].T
    if basis.shape[1] > DIMENSIONS:
        return None
    others = [_off(basis, vector) for vector in islice(draws, OTHERS)]
    return Shapes(basis) if len(others) == OTHERS and max(others) < ROUNDING else None


def spread(low: Array, high: Array, count: int) -> Iterator[Array]:
    """Points all over the space between two bounds, the same every time; none of more numbers than `STEPS`."""
    for step in range(1, count + 1 if low.size <= STEPS.size else 0):
        yield low + (high - low) * np.modf(step * STEPS[: low.size])[0]


def _draws(quantiles: Callable[[Array], Array], low: Array, high: Array) -> Iterator[Array]:
    """Quantiles at points all over, those left out that are refused or too far away for a number."""
    for point in spread(low, high, TRIES):
        with suppress(UserError):
            vector = quantiles(point)
            if np.isfinite(vector).all():
                yield vector


def _off(basis: Array, vector: Array) -> float:
    return float(np.linalg.norm(vector - basis @ (vector @ basis)) / np.linalg.norm(vector))
