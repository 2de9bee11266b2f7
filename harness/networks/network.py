"""What the harness asks of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Base of every network: built as Network(shape, classes, **options); label `classes` stands for "no label"."""

    _compiled_sampler: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """x (B, *shape), λ (B,), label (B,) → (B, *shape)."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward()")

    def at_one_logsnr(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """forward() when all rows share the one λ of shape (), which a network may do faster."""
        output: Tensor = self(x, logsnr.expand(len(x)), label)
        return output

    def sampler(self) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """What a sampler calls: at_one_logsnr(), compiled where the network is."""
        return self._compiled_sampler or self.at_one_logsnr

    def compile(self, *arguments: Any, **named: Any) -> None:
        """As every module is compiled in place, and at_one_logsnr() with it where the network has one of its own."""
        super().compile(*arguments, **named)
        if type(self).at_one_logsnr is not Network.at_one_logsnr:
            self._compiled_sampler = torch.compile(self.at_one_logsnr, *arguments, **named)

    def parts(self) -> Iterable[nn.Module]:
        """The modules that are compiled one by one; those of one kind and shape are compiled once."""
        return [self]
