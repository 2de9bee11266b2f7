"""Prediction targets, a row each: what a network says, what ε and x₀ that implies, and how its squared error counts.

With x = α x₀ + σ ε, α² = sigmoid(λ), σ² = sigmoid(−λ), a network may predict any of

    eps   ε                      x0    x₀
    v     α ε − σ x₀             flow  ε − x₀
    edm   F = σ x₀ − α ε = −v

and each determines ε and x₀ at the given x. Plain arithmetic: torch tensors and NumPy arrays both work. At a given x

    ‖x₀ − x̂₀‖² = e^{−λ} ‖ε − ε̂‖² · ‖v − v̂‖² = (1 + e^{−λ}) ‖ε − ε̂‖² · ‖u − û‖² = (1 + e^{−λ/2})² ‖ε − ε̂‖² (flow).

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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from schedules.densities.density import Array
from schedules.errors import unknown


@dataclass(frozen=True)
class Target:
    """What a network may predict, as formulas of x₀, ε, x of shape (B, *) and α, σ broadcastable to it.

    output: (x₀, ε, α, σ) → what the network should say
    eps:    (output, x, α, σ) → the ε that an output implies at x
    x0:     (output, x, α, σ) → the x₀ that it implies there
    factor: λ → c(λ), squared error in this target's space per squared error in ε
    twin:   the target whose squared error is the same, if there is one
    """

    output: Callable[[Any, Any, Any, Any], Any]
    eps: Callable[[Any, Any, Any, Any], Any]
    x0: Callable[[Any, Any, Any, Any], Any]
    factor: Callable[[Array], Array]
    twin: str = ""


def _v_factor(logsnr: Array) -> Array:
    return 1.0 + np.exp(-logsnr)


TABLE = {
    "eps": Target(
        output=lambda x0, eps, alpha, sigma: eps,
        eps=lambda eps, x, alpha, sigma: eps,
        x0=lambda eps, x, alpha, sigma: (x - sigma * eps) / alpha,
        factor=np.ones_like,
    ),
    "x0": Target(
        output=lambda x0, eps, alpha, sigma: x0,
        eps=lambda x0, x, alpha, sigma: (x - alpha * x0) / sigma,
        x0=lambda x0, x, alpha, sigma: x0,
        factor=lambda logsnr: np.exp(-logsnr),
    ),
    "v": Target(
        output=lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0,
        eps=lambda v, x, alpha, sigma: sigma * x + alpha * v,
        x0=lambda v, x, alpha, sigma: alpha * x - sigma * v,
        factor=_v_factor,
    ),
    "flow": Target(
        output=lambda x0, eps, alpha, sigma: eps - x0,
        eps=lambda u, x, alpha, sigma: (x + alpha * u) / (alpha + sigma),
        x0=lambda u, x, alpha, sigma: (x - sigma * u) / (alpha + sigma),
        factor=lambda logsnr: (1.0 + np.exp(-0.5 * logsnr)) ** 2,
    ),
    "edm": Target(
        output=lambda x0, eps, alpha, sigma: sigma * x0 - alpha * eps,
        eps=lambda F, x, alpha, sigma: sigma * x - alpha * F,
        x0=lambda F, x, alpha, sigma: alpha * x + sigma * F,
        factor=_v_factor,
        twin="v",
    ),
}
TARGETS = tuple(TABLE)
ERRORS = tuple(name for name, row in TABLE.items() if not row.twin)
"""Targets whose squared errors differ: what a weighting can be told, and what its fingerprint covers."""


def error_of(target: str) -> str:
    """The one of `ERRORS` that has this target's squared error. UserError: unknown target.

    >>> from schedules import weightings
    >>> weightings.error_of("edm")
    'v'
    """
    if target not in TABLE:
        raise unknown("prediction target", target, TARGETS)
    return TABLE[target].twin or target


def target_factor(target: str, logsnr: ArrayLike) -> Array:
    """c_target(λ): squared error in the target's space per squared error in ε-space.

    target: eps, x0, v, flow or edm;  logsnr: λ, any shape;  UserError: unknown target

        >>> from schedules import weightings
        >>> weightings.target_factor("x0", [0.0, 2.0]).round(3)  # e^−λ
        array([1.   , 0.135])
    """
    return TABLE[error_of(target)].factor(np.asarray(logsnr, dtype=np.float64))
