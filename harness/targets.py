"""Prediction targets on tensors: what a network should say, and the ε and x₀ that its output implies at x.

The formulas are the rows of `schedules.weightings.targets`. x₀, ε, x and outputs have shape (B, *), α and σ one that is
broadcastable to it; NumPy arrays work as well. ValueError: a target that the table has not.
"""

from __future__ import annotations

from typing import Any, TypeVar

from schedules.weightings.targets import TABLE, TARGETS, Target

__all__ = ["TARGETS", "target", "to_eps", "to_x0"]

Array = TypeVar("Array")


def target(name: str, x0: Array, eps: Array, alpha: Any, sigma: Any) -> Array:
    """What a network of target `name` should output."""
    output: Array = _row(name).output(x0, eps, alpha, sigma)
    return output


def to_eps(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """ε that a network's output implies at x."""
    eps: Array = _row(name).eps(output, x, alpha, sigma)
    return eps


def to_x0(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """x₀ that a network's output implies at x."""
    x0: Array = _row(name).x0(output, x, alpha, sigma)
    return x0


def _row(name: str) -> Target:
    if name not in TABLE:
        raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")
    return TABLE[name]
