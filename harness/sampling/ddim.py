"""Deterministic DDIM sampling with classifier-free guidance, on a fixed grid of λ.

x_s = α_s x̂₀ + σ_s ε̂ at the next λ_s, and x̂₀ at the end (Song et al. 2020, arXiv:2010.02502, eq. 12 with η = 0).
Guidance: ŷ = ŷ_none + g·(ŷ_label − ŷ_none) on the network's output, which is linear in ε̂ at a given x
(Ho & Salimans 2022, arXiv:2207.12598).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.targets import to_eps, to_x0
from schedules import Schedule

Denoiser = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x (B, *), one λ of shape (), label (B,)) → the network's output (B, *)."""


def logsnr_grid(schedule: Schedule, steps: int, bounds: tuple[float, float]) -> np.ndarray:
    """`steps` ascending λ: midpoint quantiles of the schedule's density restricted to `bounds`.

    λᵢ = Q(F(low) + (F(high) − F(low))·(i + ½)/steps): equal steps in the schedule's own time t. A density with no mass
    there gives the nearest bound.
    """
    low, high = schedule.cdf(np.array(bounds))
    return np.clip(schedule.ppf(low + (high - low) * (np.arange(steps) + 0.5) / steps), *bounds)


@dataclass(frozen=True)
class Levels:
    """The noise levels that a sampler visits, in this order.

    logsnr: (steps,) on the device;  alphas, sigmas: as many, numbers or a tensor (steps,)
    """

    logsnr: Tensor
    alphas: Sequence[float] | Tensor
    sigmas: Sequence[float] | Tensor

    @classmethod
    def of(cls, grid: np.ndarray, device: torch.device) -> Levels:
        """At the λ of an ascending grid."""
        levels = torch.from_numpy(np.asarray(grid, dtype=np.float64))
        alphas, sigmas = torch.sigmoid(levels).sqrt().tolist(), torch.sigmoid(-levels).sqrt().tolist()
        return cls(levels.float().to(device), alphas, sigmas)


@torch.inference_mode()
def ddim(
    network: Denoiser,
    prediction: str,
    noise: Tensor,
    label: Tensor,
    grid: np.ndarray,
    guidance: float = 1.0,
    no_label: int = 0,
) -> Tensor:
    """Samples of the shape of `noise` (B, *).

    grid:     ascending λ at which the network is asked
    guidance: 1 asks the labelled network alone; otherwise both halves are asked in one batch
    """
    scale = None if guidance == 1.0 else guidance
    return denoised(network, prediction, noise, label, Levels.of(grid, noise.device), scale, no_label)


@dataclass(frozen=True)
class DDIM:
    """The sampler of one network: `ddim` with all that stays the same from call to call."""

    network: Denoiser
    prediction: str
    no_label: int

    def __call__(self, noise: Tensor, label: Tensor, grid: np.ndarray, guidance: float) -> Tensor:
        return ddim(self.network, self.prediction, noise, label, grid, guidance, self.no_label)

    def steps(self, noise: Tensor, label: Tensor, levels: Levels, guidance: Tensor | None) -> Tensor:
        """The same from tensors alone, which a graph can read."""
        return denoised(self.network, self.prediction, noise, label, levels, guidance, self.no_label)


def denoised(
    network: Denoiser,
    prediction: str,
    x: Tensor,
    label: Tensor,
    levels: Levels,
    guidance: float | Tensor | None,
    no_label: int,
) -> Tensor:
    """The steps of `ddim` from noise x (B, *). guidance: a number, a tensor () on the device, or None for none"""
    both = torch.cat([label, torch.full_like(label, no_label)])
    alphas, sigmas = levels.alphas, levels.sigmas
    for step in range(len(levels.logsnr)):
        if guidance is None:
            output = network(x, levels.logsnr[step], label)
        else:
            labelled, unlabelled = network(torch.cat([x, x]), levels.logsnr[step], both).chunk(2)
            output = torch.lerp(unlabelled, labelled, guidance)
        x0 = to_x0(prediction, output, x, alphas[step], sigmas[step])
        if step + 1 == len(levels.logsnr):
            break
        x = alphas[step + 1] * x0 + sigmas[step + 1] * to_eps(prediction, output, x, alphas[step], sigmas[step])
    return x0
