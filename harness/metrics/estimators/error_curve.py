"""The ε-error of a network against λ on frozen held-out data and noise, and what follows from it.

nll: the variational bound −log p(x) ≤ L_prior + ½ ∫ E‖ε − ε̂‖² dλ + L_decoder over the curve's range [λ₀, λ₁]
(Kingma et al. 2021, arXiv:2107.00630, eq. 11–14), integrated by the trapezoid rule on the curve's own grid.

- L_prior  = KL(N(α x, σ²) ‖ N(0, 1)) at λ₀
- L_decoder at λ₁, from z = α x + σ ε: for data on discrete levels p(x|z) ∝ N(z/α; x, e^{−λ₁}) over the levels; for
  continuous data the density N(x; z/α, e^{−λ₁}), so that the result bounds a differential entropy.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.data.dataset import Split, Truth
from harness.device import float64
from harness.streams import Streams
from harness.targets import to_eps

MOST_SCORES = 2**26  # values of the decoder held at once: half a GiB
VALUES_AT_ONCE = 2**20  # of data, in one call of the network on a GPU
MOST_KEPT = 2**18  # values of a grid point's noise


@dataclass(frozen=True)
class ErrorCurve:
    """Per λ, float64: the ε-error per dimension; for data with a known optimum also the excess over it.

    logsnr, eps_error: (n,);  excess: (n,) E‖ε̂ − ε*‖² summed over dimensions, or None
    """

    logsnr: np.ndarray
    eps_error: np.ndarray
    dimensions: int
    excess: np.ndarray | None = None

    def mean(self) -> float:
        """Mean over the grid of the ε-error per dimension."""
        return float(self.eps_error.mean())

    def excess_risk(self) -> float:
        """½ ∫ excess dλ in nats: how far the bound lies above the best that any network can reach."""
        if self.excess is None:
            raise ValueError("the excess risk needs data whose optimal denoiser is known")
        return float(0.5 * np.trapezoid(self.excess, self.logsnr))

    def nll(self, prior: float, decoder: float) -> float:
        """Bits per dimension, given the two end terms in nats per example."""
        diffusion = 0.5 * np.trapezoid(self.eps_error * self.dimensions, self.logsnr)
        return float((prior + diffusion + decoder) / (self.dimensions * math.log(2)))


@torch.inference_mode()
def error_curve(
    network: Callable[[Tensor, Tensor, Tensor], Tensor],
    prediction: str,
    data: Split,
    logsnr: np.ndarray,
    seed: int,
    truth: Truth | None = None,
) -> ErrorCurve:
    """Measure the curve on all of `data`; the noise at grid point i depends on `seed` and i alone.

    A GPU is asked for many λ at once, a CPU for one after another: there a batch of another size rounds otherwise.
    """
    shape, device, rows = tuple(data.x.shape), data.x.device, len(data)
    at_once = max(1, VALUES_AT_ONCE // data.x.numel()) if device.type == "cuda" else 1
    errors, excesses = [], []
    for start in range(0, len(logsnr), at_once):
        levels = [float(level) for level in logsnr[start : start + at_once]]
        rates = [tuple(math.exp(-0.5 * float(np.logaddexp(0, sign * level))) for sign in (-1, 1)) for level in levels]
        noise = [_noise(seed, start + index, shape, device) for index in range(len(levels))]
        x = torch.cat([alpha * data.x + sigma * eps for (alpha, sigma), eps in zip(rates, noise, strict=True)])
        lam = torch.cat([torch.full((rows,), level, device=device) for level in levels])
        outputs = float64(network(x, lam, data.labels.repeat(len(levels)))).split(rows)
        for (alpha, sigma), eps, output, seen, at in zip(
            rates, noise, outputs, x.split(rows), lam.split(rows), strict=True
        ):
            implied = to_eps(prediction, output, float64(seen), alpha, sigma)
            errors.append((implied - float64(eps)).square().mean())
            if truth is not None:
                best = truth.eps(seen.cpu(), at.cpu())
                excesses.append((implied.cpu() - best).square().flatten(1).sum(dim=1).mean())
    return ErrorCurve(
        np.asarray(logsnr),
        torch.stack(errors).cpu().numpy(),
        math.prod(shape[1:]),
        torch.stack(excesses).numpy() if truth else None,
    )


def _noise(seed: int, index: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Of one grid point; what is small is kept, as every evaluation of a track asks for it."""
    draw = _drawn if math.prod(shape) <= MOST_KEPT else _drawn.__wrapped__
    return draw(seed, index, shape, device)


@functools.lru_cache(maxsize=64)
def _drawn(seed: int, index: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    return Streams(seed).normal("error curve", index, shape=shape).to(device)


def prior_nats(data: Split, logsnr: float) -> float:
    """KL(q(z|x) ‖ N(0, I)) at the noisy end, mean over examples."""
    alpha2, sigma2 = 1 / (1 + math.exp(-logsnr)), 1 / (1 + math.exp(logsnr))
    x = float64(data.x).flatten(1)
    return float(0.5 * (alpha2 * x.square() + sigma2 - 1 - math.log(sigma2)).sum(dim=1).mean())


def decoder_nats(data: Split, logsnr: float, levels: Tensor | None, seed: int) -> float:
    """−log p(x|z) at the clean end, mean over examples, with frozen noise."""
    x = float64(data.x).flatten(1)
    spread = math.exp(-logsnr / 2)
    eps = float64(Streams(seed).normal("decoder", shape=tuple(data.x.shape)).to(x.device)).flatten(1)
    if levels is None:
        return float((0.5 * eps.square() + math.log(spread) + 0.5 * math.log(2 * math.pi)).sum(dim=1).mean())
    levels = levels.to(x.device)
    likely = []
    at_once = max(1, MOST_SCORES // (x.shape[1] * len(levels)))
    for part, noise in zip(x.split(at_once), eps.split(at_once), strict=True):
        scores = -0.5 * ((part + spread * noise)[..., None] - levels).square() / spread**2
        true = (part[..., None] - levels).abs().argmin(dim=-1, keepdim=True)
        likely.append(torch.log_softmax(scores, dim=-1).gather(-1, true).sum(dim=(1, 2)))
    return float(-torch.cat(likely).mean())
