"""A weighting that learns while training: the loss divided by a running estimate of itself, λ by λ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from schedules import Schedule
from schedules.densities.density import Array
from schedules.learned import Adam
from schedules.spaces import Choice, Float, Int
from schedules.weightings import LearnedWeighting, register, target_factor

_BASES = {"edm": "v", "eps": "eps", "x0": "x0", "flow": "flow"}  # weighting → the target whose plain error it is
_STEEPEST = 100.0  # largest |dL/du| of a sample; beyond the reach of noise, met only while u is far off
_STEADY = 100  # steps of Adam at the full rate; then it falls as 1/√steps
_SEED = 2312_02696


class Uncertainty:
    """ω(λ) = base(λ) e^{−u(λ)}, u(λ) = Σ w_k √2 cos(f_k c + φ_k), c = −λ/8 = ¼ ln σ."""

    def __init__(self, base: str, features: int, rate: float, batch: int) -> None:
        self._target = _BASES[base]
        rng = np.random.default_rng(_SEED)
        self._frequencies = 2.0 * np.pi * rng.standard_normal(features)
        self._phases = 2.0 * np.pi * rng.random(features)
        self._weights = np.zeros(features)
        self._adam = Adam(features, rate)
        self._batch = batch

    def __call__(self, logsnr: Array, target: str, schedule: Schedule) -> Array:
        return target_factor(self._target, logsnr) * np.exp(-self._log_variance(logsnr))

    def update(self, logsnr: Array, loss: Array) -> None:
        """Steps of Adam on the mean of ω e^{−u} L + u, over consecutive batches of the (n,) samples."""
        finite = np.isfinite(loss)
        logsnr, loss = logsnr[finite], loss[finite]
        for start in range(0, logsnr.size, self._batch):
            at, error = logsnr[start : start + self._batch], loss[start : start + self._batch]
            features = self._features(at)
            ratio = target_factor(self._target, at) * error * np.exp(-features @ self._weights)
            slope = 1.0 - np.minimum(ratio, _STEEPEST)
            step = self._adam.step(slope @ features / at.size)
            self._weights += step / np.sqrt(max(1.0, self._adam.steps[0] / _STEADY))

    def state_dict(self) -> dict[str, Any]:
        """The weights and Adam's moments."""
        return {"weights": self._weights.copy(), **{key: moment.copy() for key, moment in self._adam.memory().items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned."""
        for key, value in {"weights": self._weights, **self._adam.memory()}.items():
            value[...] = state[key]

    def _log_variance(self, logsnr: Array) -> Array:
        return np.asarray(self._features(logsnr.ravel()) @ self._weights).reshape(logsnr.shape)

    def _features(self, logsnr: Array) -> Array:
        """(n, K)"""
        return np.sqrt(2.0) * np.cos(np.multiply.outer(-logsnr / 8.0, self._frequencies) + self._phases)


@register(
    "uncertainty",
    space={
        "base": Choice(tuple(_BASES)),
        "features": Int(16, 256),
        "rate": Float(1e-4, 0.1, log=True),
        "batch": Int(16, 4096, log=True),
    },
    paper="arXiv:2312.02696",
)
def uncertainty(base: str = "edm", features: int = 128, rate: float = 0.01, batch: int = 128) -> LearnedWeighting:
    """ω(λ) = base(λ)·e^{−u(λ)}, u trained on base·e^{−u} L + u: e^u follows the weighted error of each λ.

    All λ then count alike, whatever their error.

    base:     weighting that is divided by its own expected error; EDM2 has `edm`
    features: K, of u(λ) = Σ w_k √2 cos(f_k c + φ_k), c = ¼ ln σ, with f_k ~ N(0, (2π)²) and φ_k uniform, both fixed
    rate:     of Adam, β = (0.9, 0.99), for 100 steps; then it falls as 1/√steps, as EDM2's does after 70 000
    batch:    samples a step of Adam
    Karras et al. 2023 (EDM2), eq. 14–16 and 21 as its code numbers them (NVlabs/edm2, read).
    Adapted: w starts at 0, so that training starts with the base, and is not held at unit norm; u is trained here, on
    the ε-errors that training reports a block late, not in the network's own backward pass; the gradient is the same.
    The term u has no gradient for the network and is left out of its loss
    """
    return Uncertainty(base, features, rate, batch)
