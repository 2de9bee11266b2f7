"""How squared errors of the prediction targets relate at a given x_λ.

‖x₀ − x̂₀‖² = e^{−λ} ‖ε − ε̂‖² · ‖v − v̂‖² = (1 + e^{−λ}) ‖ε − ε̂‖² · ‖u − û‖² = (1 + e^{−λ/2})² ‖ε − ε̂‖² (flow).

EDM's F is −v on data of unit variance (`harness.targets`), so its error is v's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from schedules.densities.density import Array
from schedules.errors import unknown

_FACTORS: dict[str, Callable[[Array], Array]] = {
    "eps": np.ones_like,
    "x0": lambda logsnr: np.exp(-logsnr),
    "v": lambda logsnr: 1.0 + np.exp(-logsnr),
    "flow": lambda logsnr: (1.0 + np.exp(-0.5 * logsnr)) ** 2,
}
ERRORS = tuple(_FACTORS)
"""Targets whose squared errors differ: what a weighting can be told, and what its fingerprint covers."""
_SAME_ERROR = {"edm": "v"}
TARGETS = (*ERRORS, *_SAME_ERROR)


def error_of(target: str) -> str:
    """The one of `ERRORS` that has this target's squared error. UserError: unknown target."""
    if target not in TARGETS:
        raise unknown("prediction target", target, TARGETS)
    return _SAME_ERROR.get(target, target)


def target_factor(target: str, logsnr: ArrayLike) -> Array:
    """c_target(λ): squared error in the target's space per squared error in ε-space.

    target: eps, x0, v, flow or edm;  logsnr: λ, any shape;  UserError: unknown target
    """
    return _FACTORS[error_of(target)](np.asarray(logsnr, dtype=np.float64))
