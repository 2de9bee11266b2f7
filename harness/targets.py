"""Prediction targets and the exact conversions between them.

With x = α x₀ + σ ε, α² = sigmoid(λ), σ² = sigmoid(−λ), a network may predict any of

    eps   ε                      x0    x₀
    v     α ε − σ x₀             flow  ε − x₀
    edm   F = σ x₀ − α ε = −v

and each determines ε and x₀ at the given x. Plain arithmetic: torch tensors and NumPy arrays both work.

EDM preconditions a denoiser of y + σ_E n, σ_E = σ/α, as D = c_skip·(y + σ_E n) + c_out F(c_in·(y + σ_E n)). For data
of unit variance, which every track has, the constants of its table 1 are in our coordinates

    c_skip = 1/(1 + σ_E²) = α²     c_out = σ_E/√(1 + σ_E²) = σ     c_in = 1/√(1 + σ_E²) = α

so F sees c_in·(y + σ_E n) = α x₀ + σ ε, the x that every network here sees, and its effective target (eq. 8) is
(y − c_skip·(y + σ_E n))/c_out = σ x₀ − α ε. The loss weight 1/c_out² of table 1 makes the error of F count 1, which is
`native`. Its c_noise = ¼ ln σ_E = −λ/8 is left to the networks' own embedding of λ.

Source: v is Salimans & Ho 2022 (arXiv:2202.00512), flow is the straight path of arXiv:2210.02747, edm is Karras et al.
2022 (arXiv:2206.00364), eq. 7, 8 and table 1.
"""

from __future__ import annotations

from typing import Any, TypeVar

Array = TypeVar("Array")

TARGETS = ("eps", "x0", "v", "flow", "edm")


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
    if name == "edm":
        return sigma * x0 - alpha * eps
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_eps(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """ε that a network's output implies at x.

    x0 → (x − α x₀)/σ, v → σ x + α v, flow → (x + α u)/(α + σ), edm → σ x − α F.
    """
    if name == "eps":
        return output
    if name == "x0":
        return (x - alpha * output) / sigma
    if name == "v":
        return sigma * x + alpha * output
    if name == "flow":
        return (x + alpha * output) / (alpha + sigma)
    if name == "edm":
        return sigma * x - alpha * output
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")


def to_x0(name: str, output: Array, x: Array, alpha: Any, sigma: Any) -> Array:
    """x₀ that a network's output implies at x.

    eps → (x − σ ε)/α, v → α x − σ v, flow → (x − σ u)/(α + σ), edm → α x + σ F.
    """
    if name == "eps":
        return (x - sigma * output) / alpha
    if name == "x0":
        return output
    if name == "v":
        return alpha * x - sigma * output
    if name == "flow":
        return (x - sigma * output) / (alpha + sigma)
    if name == "edm":
        return alpha * x + sigma * output
    raise ValueError(f"unknown prediction target {name!r}, expected one of {TARGETS}")
