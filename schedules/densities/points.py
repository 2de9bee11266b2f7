"""A schedule given by points of its density: a histogram's outline, a sketch, the knots of a search.

The pdf is the monotone cubic (PCHIP) through the points, which stays non-negative, divided by its integral; outside
them it is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from schedules.densities.tabulated import Solved
from schedules.errors import UserError


def from_points(logsnr: ArrayLike, density: ArrayLike) -> Solved:
    """Density through points, up to a factor.

    logsnr:  λ, shape (n,), increasing, n ≥ 2
    density: values at these, shape (n,), ≥ 0, not all zero; any unit
    UserError: not such points.

    Source: the interpolant is Fritsch and Butland's (doi:10.1137/0905021), as `scipy.interpolate.PchipInterpolator`.

        >>> import schedules
        >>> density = schedules.from_points([-4.0, 0.0, 4.0], [0.0, 1.0, 0.0])
        >>> density.cdf([-4.0, 0.0, 4.0]).round(6).tolist()
        [0.0, 0.5, 1.0]
    """
    x, y = np.asarray(logsnr, dtype=np.float64), np.asarray(density, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size < 2 or not np.all(np.isfinite(x)) or np.any(np.diff(x) <= 0):
        raise UserError("points of a density need 2 or more increasing λ and as many values")
    if not np.all(np.isfinite(y)) or np.any(y < 0) or not np.any(y > 0):
        raise UserError("points of a density need finite values ≥ 0 that are not all 0")
    curve = PchipInterpolator(x, y)
    mass = curve.antiderivative()
    # Summed from above as well, because total − mass would lose the upper tail's digits.
    mirrored = PchipInterpolator(-x[::-1], y[::-1]).antiderivative()
    low, high, total = float(x[0]), float(x[-1]), float(mass(x[-1]))
    return Solved(
        pdf=lambda at: np.where(
            (at >= low) & (at <= high), np.maximum(curve(np.clip(at, low, high)), 0.0) / total, 0.0
        ),
        cdf=lambda at: np.clip(mass(np.clip(at, low, high)) / total, 0.0, 1.0),
        sf=lambda at: np.clip(mirrored(-np.clip(at, low, high)) / total, 0.0, 1.0),
        low=low,
        high=high,
        nodes=[float(point) for point in x[1:-1]],
    )
