"""Flow time as a logit-normal draw plus a little of a uniform one."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr

from schedules import Density, from_points, register
from schedules.densities.density import Array
from schedules.spaces import Float

_REACH, _KNOTS = 50.0, 4001
_LEAST = 1e-20  # of the largest height


@register(
    "simplefold",
    space={"m": Float(-2, 2), "s": Float(0.3, 3, log=True), "w": Float(0.005, 0.3, log=True)},
    paper="arXiv:2509.18480",
)
def simplefold(m: float = -0.8, s: float = 1.7, w: float = 0.02) -> Density:
    """Flow time t = (1 − w)·v + w·u: a sum, no mixture, of logit v ~ N(m, s²) and u ~ U(0, 1).

    f(t) = (F(t/(1 − w)) − F((t − w)/(1 − w)))/w, F the distribution function of v.

    m, s, w: SimpleFold draws its data time 0.98·S(N(0.8, 1.7²)) + 0.02·U, so m = −0.8 in ours
    The density is a monotone cubic through 4001 points of it, within 10⁻⁶ of f relative to its largest value
    """

    def z(v: Array, rest: Array) -> Array:
        """(logit v − m)/s of v and 1 − v; ∓∞ outside (0, 1)."""
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(v, 0.0)) - np.log(np.maximum(rest, 0.0)) - m) / s

    at = np.linspace(-_REACH, _REACH, _KNOTS)
    t, rest = expit(-0.5 * at), expit(0.5 * at)
    low, high = z((t - w) / (1.0 - w), rest / (1.0 - w)), z(t / (1.0 - w), (rest - w) / (1.0 - w))
    # The difference is taken on the side where both are small.
    drawn = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    height = 0.5 * t * rest * drawn / w
    inside = height > _LEAST * height.max()
    return from_points(at[inside], height[inside])
