"""The training step, which every trainer takes.

    x = α x₀ + σ ε                           what the network sees, with λ and the label
    e = mean over dimensions of (T̂ − T)²     the squared error of each example, T the target of x₀, ε, α, σ
    L = Σ k(λ) e / B                         the loss, k the factor of `noise_levels`
    θ ← AdamW(θ, g · min(1, c / ‖g‖))        g = ∇L, clipped by its norm

and then the average of the weights moves (`ema`), by what `rates` says of the step. A trainer of one run calls both
halves (`loop`), one that splits the batch sums g over its parts (`harness.distributed`), and one that trains many
networks at once does the second half row by row (`harness.stacked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from harness.targets import target
from harness.training.batches import Batch
from harness.training.optimiser import AdamW
from harness.training.precision import casting

Forward = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x, λ, label) → the network's output."""


def squared_errors(network: Forward, batch: Batch, prediction: str, precision: str) -> Tensor:
    """e of each example, (*, B), in float32. Of many networks at once, if batch and output have an axis of members."""
    x = batch.alpha * batch.x0 + batch.sigma * batch.eps
    expected = target(prediction, batch.x0, batch.eps, batch.alpha, batch.sigma)
    with casting(precision, x.device):
        output = network(x, batch.logsnr, batch.label)
    return (output.float() - expected).square().flatten(batch.logsnr.dim()).mean(dim=-1)


def weighted_mean(factor: Tensor, errors: Tensor, examples: float | None = None) -> Tensor:
    """L of shape (*,), from k and e of shape (*, B). examples: what is divided by, where it is not B."""
    loss: Tensor = torch.linalg.vecdot(factor, errors) / (examples or errors.shape[-1])
    return loss


def update(parameters: Iterable[nn.Parameter], optimiser: AdamW, clip_norm: float) -> None:
    """Clip the gradients, let the optimiser take its step, and forget them."""
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
