"""DiT: a transformer on patches, modulated by λ and label (adaLN-zero; Peebles & Xie 2022, arXiv:2212.09748).

With c = MLP(embedding(λ)) + label embedding, each block is

    shift₁, scale₁, gate₁, shift₂, scale₂, gate₂ = linear(silu(c))
    h ← h + gate₁ ⊙ attention((1 + scale₁) ⊙ norm(h) + shift₁)
    h ← h + gate₂ ⊙ MLP((1 + scale₂) ⊙ norm(h) + shift₂)

Three things differ from the paper's network. It sees λ through the embedding that all networks share, in the place of
a timestep. It has one output for each channel; the paper's has a second, for a learned variance. And a skip s(λ)·x is
added to the output, as in `mlp`: it starts at zero and costs hidden + 1 parameters.

The skip and the initial scale of the condition were chosen by the baseline's ε-error on MNIST (eps, depth 4, hidden 96,
patches of 4, 400 steps of batch 32, one seed), at λ = −7, −1 and 5:

    as it is                   0.0013   0.0665   0.2492
    without the skip           0.0044   0.0744   0.2523
    with the paper's scales    0.0044   0.0721   0.2631
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.networks.embedding import LogSNREmbedding
from harness.networks.network import Network

NORM_EPS = 1e-6


class DiT(Network):
    """x (B, channels, side, side), λ (B,), label (B,) → the shape of x.

    Label `classes` stands for "no label". Modulations, output layer and skip start at zero, so every block starts as
    the identity and the untrained network returns 0. The layers that make c keep PyTorch's own initial scale and labels
    have unit variance; the paper starts both at a standard deviation of 0.02.
    """

    position: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int, depth: int, hidden: int, heads: int, patch: int) -> None:
        super().__init__()
        channels, side, width = shape
        if side != width or side % patch:
            raise ValueError(f"DiT with patches of {patch} takes square images of a multiple of it, not {shape}")
        self.patch = patch
        self.logsnr = LogSNREmbedding()
        self.logsnr_in = nn.Linear(self.logsnr.width, hidden)
        self.logsnr_out = nn.Linear(hidden, hidden)
        self.label = nn.Embedding(classes + 1, hidden)
        self.into = _xavier(nn.Linear(channels * patch**2, hidden))
        self.register_buffer("position", position_embedding(side // patch, hidden), persistent=False)
        self.blocks = nn.ModuleList(Block(hidden, heads) for _ in range(depth))
        self.tail = Tail()
        self.modulation = _zeroed(nn.Linear(hidden, 2 * hidden))
        self.out = _zeroed(nn.Linear(hidden, channels * patch**2))
        self.skip = _zeroed(nn.Linear(hidden, 1))

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        condition = F.silu(self.condition(logsnr, label))
        hidden = self.into(patches(x, self.patch)) + self.position
        for block in self.blocks:
            hidden = block(hidden, condition)
        shift, scale = self.modulation(condition)[:, None].chunk(2, dim=2)
        output = images(self.tail(hidden, shift, scale, self.out.weight, self.out.bias), self.patch)
        return torch.addcmul(output, self.skip(condition)[:, :, None, None], x)

    def parts(self) -> Iterable[nn.Module]:
        return [*self.blocks, self.tail]

    def condition(self, logsnr: Tensor, label: Tensor) -> Tensor:
        """c, (B, hidden)."""
        seen: Tensor = self.logsnr_out(F.silu(self.logsnr_in(self.logsnr(logsnr)))) + self.label(label)
        return seen


class Tail(nn.Module):
    """The last norm, modulation and layer, to be compiled together; the layer's weights stay the network's own."""

    def forward(self, hidden: Tensor, shift: Tensor, scale: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.linear(modulated(hidden, shift, scale), weight, bias)


class Block(nn.Module):
    """Attention and an MLP of four times the width over tokens (B, N, hidden), each behind a gate."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.modulation = _zeroed(nn.Linear(hidden, 6 * hidden))
        self.qkv = _xavier(nn.Linear(hidden, 3 * hidden))
        self.mixed = _xavier(nn.Linear(hidden, hidden))
        self.up = _xavier(nn.Linear(hidden, 4 * hidden))
        self.down = _xavier(nn.Linear(4 * hidden, hidden))

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """condition: silu(c), (B, hidden)"""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)[:, None].chunk(6, dim=2)
        hidden = torch.addcmul(hidden, gate1, self.attention(modulated(hidden, shift1, scale1)))
        inner = F.gelu(self.up(modulated(hidden, shift2, scale2)), approximate="tanh")
        return torch.addcmul(hidden, gate2, self.down(inner))

    def attention(self, tokens: Tensor) -> Tensor:
        # (B, heads, N, width of a head): the layout that the fast kernels take without a copy.
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(tokens).chunk(3, dim=2)
        )
        attended: Tensor = self.mixed(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
        return attended


def modulated(tokens: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """(1 + scale) ⊙ norm(tokens) + shift."""
    return torch.addcmul(shift, F.layer_norm(tokens, tokens.shape[-1:], eps=NORM_EPS), 1 + scale)


def patches(x: Tensor, patch: int) -> Tensor:
    """(B, C, side, side) → (B, N, C·patch²), row by row."""
    batch, channels, side, _ = x.shape
    grid = x.reshape(batch, channels, side // patch, patch, side // patch, patch)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(batch, (side // patch) ** 2, channels * patch**2)


def images(tokens: Tensor, patch: int) -> Tensor:
    """The inverse of patches()."""
    batch, count, values = tokens.shape
    row = round(count**0.5)
    grid = tokens.reshape(batch, row, row, values // patch**2, patch, patch)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(batch, values // patch**2, row * patch, row * patch)


def position_embedding(row: int, width: int) -> Tensor:
    """(row², width): sines and cosines of the column, then of the line, at frequencies 10000^(−4i/width)."""
    frequencies = 10000.0 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    place = torch.arange(row**2, dtype=torch.float64)
    phases = [position[:, None] * frequencies for position in (place % row, place // row)]
    return torch.cat([wave(phase) for phase in phases for wave in (torch.sin, torch.cos)], dim=1).float()


def _xavier(layer: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


SIZES = {
    "S": {"depth": 12, "hidden": 384, "heads": 6},
    "B": {"depth": 12, "hidden": 768, "heads": 12},
    "L": {"depth": 24, "hidden": 1024, "heads": 16},
    "XL": {"depth": 28, "hidden": 1152, "heads": 16},
}
CONFIGURATIONS = {f"{name}/{patch}": {**size, "patch": patch} for name, size in SIZES.items() for patch in (2, 4, 8)}


def dit(shape: tuple[int, ...], classes: int, configuration: str) -> DiT:
    """The paper's DiT of that name, "S/2" to "XL/8" (its table 1)."""
    return DiT(shape, classes, **CONFIGURATIONS[configuration])
