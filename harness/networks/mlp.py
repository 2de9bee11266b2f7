"""A residual MLP whose blocks are modulated by λ and label (adaLN-zero, Peebles & Xie 2023, arXiv:2212.09748)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.networks.embedding import LogSNREmbedding
from harness.networks.network import Network


class ResidualMLP(Network):
    """x (B, *shape), λ (B,), label (B,) → (B, *shape).

    Label `classes` stands for "no label". Output layer, skip and every block's gate start at zero, so the untrained
    network returns 0 for every input. The skip s(λ)·x carries what an eps or v network must pass through unchanged at
    the noisy end; without it, eps after 600 steps on digits-v1 had an `fd` 30 times larger. Label embeddings keep
    nn.Embedding's unit variance: with 0.02, as in DiT, a budget this short never learns the labels.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, width: int, blocks: int, condition: int) -> None:
        super().__init__()
        self.shape = tuple(shape)
        dimensions = math.prod(shape)
        self.logsnr = LogSNREmbedding()
        self.logsnr_in = nn.Linear(self.logsnr.width, condition)
        self.label = nn.Embedding(classes + 1, condition)
        self.condition_out = nn.Linear(condition, condition)
        self.into = nn.Linear(dimensions, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.modulation = nn.ModuleList(_zeroed(nn.Linear(condition, 3 * width)) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = _zeroed(nn.Linear(width, dimensions))
        self.skip = _zeroed(nn.Linear(condition, 1))

    def condition(self, logsnr: Tensor, label: Tensor) -> Tensor:
        """(B, condition): what the blocks are modulated by."""
        hidden = F.silu(self.logsnr_in(self.logsnr(logsnr))) + self.label(label)
        return F.silu(self.condition_out(hidden))

    def modulations(self, condition: Tensor) -> list[Tensor]:
        """Scale, shift and gate of each block, (B, 3·width)."""
        return [modulation(condition) for modulation in self.modulation]

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        condition = self.condition(logsnr, label)
        return self.body(x, self.modulations(condition), self.skip(condition))

    def at_one_logsnr(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """forward() for one λ of shape (): each label's modulation is computed once."""
        label_count = self.label.num_embeddings
        condition = self.condition(logsnr.expand(label_count), torch.arange(label_count, device=x.device))
        return self.body(x, [each[label] for each in self.modulations(condition)], self.skip(condition)[label])

    def body(self, x: Tensor, modulations: list[Tensor], skip: Tensor) -> Tensor:
        flat = x.flatten(1)
        hidden = self.into(flat)
        for block, modulation in zip(self.blocks, modulations, strict=True):
            hidden = block(hidden, modulation)
        return torch.addcmul(self.out(self.norm(hidden)), skip, flat).unflatten(1, self.shape)


class Block(nn.Module):
    """h + gate ⊙ MLP((1 + scale) ⊙ norm(h) + shift)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, hidden: Tensor, modulation: Tensor) -> Tensor:
        scale, shift, gate = modulation.chunk(3, dim=1)
        normed = F.layer_norm(hidden, hidden.shape[-1:])
        return hidden + gate * self.down(F.silu(self.up(torch.addcmul(shift, normed, 1 + scale))))


def _zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
