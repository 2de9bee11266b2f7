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
    """What a network of target `name` should output.

    >>> from harness.targets import target
    >>> target("v", x0=1.0, eps=0.5, alpha=0.6, sigma=0.8)  # α ε − σ x₀
    -0.5
    """
    output: Array = _row(name).output(x0, eps, alpha, sigma)
    return output


def to_eps(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """ε that a network's output implies at x.

    >>> from harness.targets import to_eps
    >>> round(to_eps("v", -0.5, x=0.6 * 1.0 + 0.8 * 0.5, alpha=0.6, sigma=0.8), 12)
    0.5
    """
    eps: Array = _row(name).eps(output, x, alpha, sigma)
    return eps


def to_x0(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """x₀ that a network's output implies at x.

    >>> from harness.targets import to_x0
    >>> round(to_x0("v", -0.5, x=0.6 * 1.0 + 0.8 * 0.5, alpha=0.6, sigma=0.8), 12)
    1.0
    """
    x0: Array = _row(name).x0(output, x, alpha, sigma)
    return x0


def _row(name: str) -> Target:
    if name not in TABLE:
        raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")
    return TABLE[name]
