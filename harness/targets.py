"""Prediction targets and the exact conversions between them.

With x = α x₀ + σ ε, α² = sigmoid(λ), σ² = sigmoid(−λ), a network may predict any of

    eps   ε                      x0    x₀
    v     α ε − σ x₀             flow  ε − x₀

and each determines ε and x₀ at the given x. Plain arithmetic: torch tensors and NumPy arrays both work.

Source: v is Salimans & Ho 2022 (arXiv:2202.00512), flow is the straight path of arXiv:2210.02747.
"""

from __future__ import annotations

from typing import Any, TypeVar

Array = TypeVar("Array")

TARGETS = ("eps", "x0", "v", "flow")


def target(name: str, x0: Array, eps: Array, alpha: Any, sigma: Any) -> Array:
    """What a network of target `name` should output, for x₀, ε of shape (B, *) and α, σ broadcastable to it."""
    if name == "eps":
        return eps
    if name == "x0":
        return x0
    if name == "v":
        return alpha * eps - sigma * x0
    if name == "flow":
        return eps - x0  # type: ignore[operator]
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_eps(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """ε that a network's output implies at x: x0 → (x − α x₀)/σ, v → σ x + α v, flow → (x + α u)/(α + σ)."""
    if name == "eps":
        return output
    if name == "x0":
        return (x - alpha * output) / sigma
    if name == "v":
        return sigma * x + alpha * output
    if name == "flow":
        return (x + alpha * output) / (alpha + sigma)
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_x0(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """x₀ that a network's output implies at x: eps → (x − σ ε)/α, v → α x − σ v, flow → (x − σ u)/(α + σ)."""
    if name == "eps":
        return (x - sigma * output) / alpha
    if name == "x0":
        return output
    if name == "v":
        return alpha * x - sigma * output
    if name == "flow":
        return (x - sigma * output) / (alpha + sigma)
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")
