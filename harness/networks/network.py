"""What the harness asks of a network."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn


class Network(nn.Module):
    """Base of every network: built as Network(shape, classes, **options); label `classes` stands for "no label"."""

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """x (B, *shape), λ (B,), label (B,) → (B, *shape)."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward()")

    def at_one_logsnr(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        """forward() when all rows share the one λ of shape (), which a network may do faster."""
        output: Tensor = self(x, logsnr.expand(len(x)), label)
        return output

    def parts(self) -> Iterable[nn.Module]:
        """The modules that are compiled one by one; those of one kind and shape are compiled once."""
        return [self]
