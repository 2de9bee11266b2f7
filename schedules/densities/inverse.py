"""The inverse of a smooth increasing function, tabulated once and then evaluated by a cubic.

Between two nodes the inverse x(z) is the Hermite cubic through both nodes with the exact slopes dx/dz = 1/f'(x). An
interval is halved, in x, until the cubic meets the function at the interval's middle to `tolerance` and is certain to
be monotone. No equation is ever solved: f is evaluated at nodes that are chosen in x.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from schedules.densities.density import Array

TOLERANCE = 1e-9
MAX_NODES = 60_000
_ROUNDS = 40


def invert(function: Callable[[Array], tuple[Array, Array]], nodes: Array, tolerance: float = TOLERANCE) -> Inverse:
    """Tabulate the inverse of an increasing function.

    function:  x (n,) → (f(x), f'(x)), each (n,), f not decreasing
    nodes:     first nodes x (m,), increasing: the range, and every point where f' jumps
    tolerance: largest |x(f(x₀)) − x₀| at the middle of an interval
    """
    x = np.unique(np.asarray(nodes, dtype=np.float64))
    z, slope = function(x)
    for _ in range(_ROUNDS):
        middle = 0.5 * (x[1:] + x[:-1])
        at_middle, slope_there = function(middle)
        # Where f hardly changes, halving would only resolve the rounding of f.
        wide = (middle > x[:-1]) & (middle < x[1:]) & (np.diff(z) > _rounding(z[1:]))
        refine = wide & _inexact(x, z, slope, middle, at_middle, tolerance)
        if not refine.any() or x.size + refine.sum() > MAX_NODES:
            break
        order = np.argsort(np.concatenate([x, middle[refine]]), kind="stable")
        x = np.concatenate([x, middle[refine]])[order]
        z = np.concatenate([z, at_middle[refine]])[order]
        slope = np.concatenate([slope, slope_there[refine]])[order]
    return Inverse(x, z, slope)


def _inexact(x: Array, z: Array, slope: Array, middle: Array, at_middle: Array, tolerance: float) -> np.ndarray:
    """Which intervals need halving: the cubic misses the middle, or its slopes don't guarantee monotony."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        secant = np.diff(x) / np.diff(z)
        left, right = 1.0 / slope[:-1], 1.0 / slope[1:]
        u = (at_middle - z[:-1]) / np.diff(z)
        bow = u * (1 - u) * np.diff(z) * ((1 - u) * (left - secant) - u * (right - secant))
        missed = np.abs(x[:-1] + u * np.diff(x) + bow - middle)
        steepest = np.maximum(left, right)
        within = np.maximum(tolerance * np.maximum(1.0, np.abs(middle)), steepest * _rounding(z[1:]))
        return ~(missed <= within) | ~(steepest <= 3 * secant)


def _rounding(z: Array) -> Array:
    """How much of f(x) = z is rounding: f is worth some hundred operations."""
    return 256 * float(np.finfo(np.float64).eps) * np.maximum(1.0, np.abs(z))


class Inverse:
    """x(z), increasing, from nodes and slopes; z beyond the nodes gives the first or last x."""

    def __init__(self, x: Array, z: Array, slope: Array) -> None:
        # Where f is flat to rounding, x(z) has a step: only the interval's ends can be told apart.
        keep = np.concatenate([[True], np.diff(np.maximum.accumulate(z)) > 0])
        keep[-1] = keep[-1] or not keep.any()
        x, z, slope = x[keep], z[keep], slope[keep]
        self._low, self._high = float(z[0]), float(z[-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = np.diff(x) / np.diff(z)
            steepest = 3 * np.minimum(np.append(secant, np.inf), np.insert(secant, 0, np.inf))
            steep = np.fmin(1.0 / slope, steepest)
        self.nodes = (z, x, steep)
        with np.errstate(over="ignore", invalid="ignore"):  # two nodes of a step may be nearly one
            self._cubic = CubicHermiteSpline(z, x, steep)

    def __call__(self, z: Array) -> Array:
        return self._cubic(np.clip(z, self._low, self._high))
