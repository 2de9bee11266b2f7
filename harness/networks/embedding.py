"""How every network sees λ: fixed sines and cosines, the same whatever schedule drew it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LogSNREmbedding(nn.Module):
    """(B,) λ → (B, 2·frequencies): sin and cos of f·λ, f geometric from 2π/`longest` to 2π/`shortest`.

    The longest wave spans the track's range of λ, so the embedding is one to one; the shortest resolves about 1 nat.
    """

    frequencies: Tensor

    def __init__(self, frequencies: int = 16, longest: float = 80.0, shortest: float = 4.0) -> None:
        super().__init__()
        waves = torch.logspace(math.log10(longest), math.log10(shortest), frequencies, dtype=torch.float64)
        self.register_buffer("frequencies", (2 * math.pi / waves).float(), persistent=False)
        self.width = 2 * frequencies

    def forward(self, logsnr: Tensor) -> Tensor:
        phase = logsnr[:, None].float() * self.frequencies
        return torch.cat([phase.sin(), phase.cos()], dim=1)
