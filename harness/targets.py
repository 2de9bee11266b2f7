"""Prediction targets and the exact conversions between them.

With x = α x₀ + σ ε, α² = sigmoid(λ), σ² = sigmoid(−λ), a network may predict any of

    eps   ε                      x0    x₀
    v     α ε − σ x₀             flow  ε − x₀

and each determines ε and x₀ at the given x. The functions are plain arithmetic: they take torch tensors or NumPy arrays.

Source: v is Salimans & Ho 2022 (arXiv:2202.00512), flow is the straight path of arXiv:2210.02747.
"""

from __future__ import annotations

from typing import TypeVar

Array = TypeVar("Array")

TARGETS = ("eps", "x0", "v", "flow")


def target(name: str, x0: Array, eps: Array, alpha: Array, sigma: Array) -> Array:
    """What a network of target `name` should output, for x₀, ε of shape (B, *) and α, σ broadcastable to it."""
    if name == "eps":
        return eps
    if name == "x0":
        return x0
    if name == "v":
        return alpha * eps - sigma * x0  # type: ignore[operator]
    if name == "flow":
        return eps - x0  # type: ignore[operator]
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_eps(name: str, output: Array, x: Array, alpha: Array, sigma: Array) -> Array:
    """ε that a network's output implies at x: x0 → (x − α x₀)/σ, v → σ x + α v, flow → (x + α u)/(α + σ)."""
    if name == "eps":
        return output
    if name == "x0":
        return (x - alpha * output) / sigma  # type: ignore[operator]
    if name == "v":
        return sigma * x + alpha * output  # type: ignore[operator]
    if name == "flow":
        return (x + alpha * output) / (alpha + sigma)  # type: ignore[operator]
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_x0(name: str, output: Array, x: Array, alpha: Array, sigma: Array) -> Array:
    """x₀ that a network's output implies at x: eps → (x − σ ε)/α, v → α x − σ v, flow → (x − σ u)/(α + σ)."""
    if name == "eps":
        return (x - sigma * output) / alpha  # type: ignore[operator]
    if name == "x0":
        return output
    if name == "v":
        return alpha * x - sigma * output  # type: ignore[operator]
    if name == "flow":
        return (x - sigma * output) / (alpha + sigma)  # type: ignore[operator]
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")
