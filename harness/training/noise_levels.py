"""λ of every training example and the factor on its loss: where a schedule and a weighting enter training.

A network of target T is trained on k(λ)·‖T − T̂‖² with

    k(λ) = ω(λ) / c_T(λ) / E_p[ω / c_T],

ω the weighting on the ε-space error and c_T(λ)·‖ε − ε̂‖² = ‖T − T̂‖². `native` (ω = c_T) is therefore plain MSE, and a
constant factor in ω cancels: it would change the effective learning rate through the clipping of gradients. Applied by
weight, λ is drawn from the baseline q and k is multiplied by p(λ)/q(λ): the same objective in expectation. A schedule
that learns brings importance weights of its own, which keep the objective that it started with while p moves.

Everything is float64 until it is handed over, and computed for a whole block of steps at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schedules import Schedule
from schedules.weightings import Weighting, target_factor

QUADRATURE = 2**14


@dataclass(frozen=True)
class NoiseLevels:
    """(steps, B) float32 each: λ, α = √sigmoid(λ), σ = √sigmoid(−λ) and the factor k(λ)."""

    logsnr: Tensor
    alpha: Tensor
    sigma: Tensor
    factor: Tensor


@dataclass(frozen=True)
class NoiseLevelSource:
    """Turns uniforms into noise levels.

    baseline: the schedule that λ is drawn from when the entry is applied by weight; None to sample from `schedule`
    """

    schedule: Schedule
    weighting: Weighting
    target: str
    logsnr_range: tuple[float, float]
    baseline: Schedule | None = None

    @property
    def learns(self) -> bool:
        """Whether the levels of a block depend on how the one before it went."""
        return self.schedule.learns or self.weighting.learns

    def __call__(self, u: np.ndarray) -> NoiseLevels:
        """Noise levels of uniforms u in (0, 1), any shape; a λ that is no number gets a factor that is none either."""
        logsnr = self.draw(u)
        finite = np.isfinite(logsnr)
        factor = np.full_like(logsnr, np.nan)
        factor[finite] = self.factor(logsnr[finite])
        with np.errstate(invalid="ignore"):
            alpha, sigma = (np.exp(-0.5 * np.logaddexp(0, sign * logsnr)) for sign in (-1, 1))
        return NoiseLevels(*(torch.from_numpy(array.astype(np.float32)) for array in (logsnr, alpha, sigma, factor)))

    def draw(self, u: np.ndarray) -> np.ndarray:
        """λ = Q(u), clipped to the track's range."""
        return np.clip((self.baseline or self.schedule).ppf(u), *self.logsnr_range)

    def factor(self, logsnr: np.ndarray) -> np.ndarray:
        """k(λ), mean 1 over the schedule's own density, times the importance weights of a schedule that learns."""
        factor = self._relative(logsnr) / self._mean() * self.schedule.importance(logsnr)
        if self.baseline is not None:
            factor = factor * self.schedule.pdf(logsnr) / self.baseline.pdf(logsnr)
        return factor

    def learn(self, levels: NoiseLevels, error: Tensor) -> None:
        """Tell a schedule or weighting that learns what a block of steps measured.

        error: (steps, B) squared error of the prediction, mean over dimensions; handed on as an ε-error
        """
        learners = [part for part in (self.schedule, self.weighting) if part.learns]
        if learners:
            logsnr = levels.logsnr.double().numpy()
            eps_error = error.cpu().double().numpy() / target_factor(self.target, logsnr)
            for part in learners:
                part.update(logsnr.ravel(), eps_error.ravel())

    def state(self) -> dict[str, np.ndarray]:
        """What schedule and weighting have learned: `schedule.*`, `weighting.*`; empty when neither learns."""
        return {
            f"{part}.{name}": np.asarray(value)
            for part, learner in (("schedule", self.schedule), ("weighting", self.weighting))
            for name, value in learner.state_dict().items()
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        for part, learner in (("schedule", self.schedule), ("weighting", self.weighting)):
            own = {name.partition(".")[2]: value for name, value in state.items() if name.startswith(f"{part}.")}
            if own:
                learner.load_state_dict(own)

    def _relative(self, logsnr: np.ndarray) -> np.ndarray:
        return self.weighting(logsnr, self.target, self.schedule) / target_factor(self.target, logsnr)

    def _mean(self) -> float:
        if self.weighting.name == "native":
            return 1.0
        midpoints = (np.arange(QUADRATURE) + 0.5) / QUADRATURE
        return float(np.mean(self._relative(np.clip(self.schedule.ppf(midpoints), *self.logsnr_range))))
