"""Common random numbers: every draw that training makes, as a pure function of seed, stream and position.

Two entries of one seed see the same data in the same order, the same dropped labels, the same ε and the same u that
λ = Q(u) is made of, so they are compared in pairs (protocol 1). No stream has a state: block b can be drawn without
block b − 1, which is why an interrupted run can go on bit for bit.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Draws:
    """Random numbers of `steps` consecutive steps.

    rows:    (steps, B) int64, rows of the training split
    dropped: (steps, B) bool, examples whose label is hidden
    eps:     (steps, B, *shape) float32, standard normal
    u:       (steps, B) float64 in (0, 1), stratified within each step
    """

    rows: Tensor
    dropped: Tensor
    eps: Tensor
    u: np.ndarray


@dataclass(frozen=True)
class Streams:
    """The random numbers of one seed."""

    seed: int

    def numpy(self, stream: str, *position: int) -> np.random.Generator:
        """Generator of one named stream at one position."""
        return np.random.default_rng([self.seed, zlib.crc32(stream.encode()), *position])

    def torch(self, stream: str, *position: int) -> torch.Generator:
        """The same for torch's own normal draws; on the CPU, so that every device sees the same numbers."""
        return torch.Generator().manual_seed(int(self.numpy(stream, *position).integers(2**63)))

    def normal(self, stream: str, *position: int, shape: tuple[int, ...]) -> Tensor:
        """Standard normal float32 draws."""
        return torch.randn(shape, generator=self.torch(stream, *position))

    def block(self, index: int, steps: int, batch: int, size: int, shape: tuple[int, ...], dropout: float) -> Draws:
        """Block `index` of the run: `steps` batches of `batch` rows out of a training split of `size` rows."""
        strata = (np.arange(batch) + self.numpy("u", index).random((steps, batch))) / batch
        return Draws(
            rows=torch.from_numpy(self.rows(index * steps * batch, steps * batch, size)).view(steps, batch),
            dropped=torch.from_numpy(self.numpy("dropout", index).random((steps, batch)) < dropout),
            eps=self.normal("eps", index, shape=(steps, batch, *shape)),
            u=np.clip(strata, 2.0**-53, 1 - 2.0**-53),
        )

    def rows(self, start: int, count: int, size: int) -> np.ndarray:
        """Rows `start` … `start + count` of the endless sequence of reshuffled epochs over `size` rows."""
        epochs = range(start // size, (start + count - 1) // size + 1)
        order = np.concatenate([self.numpy("order", epoch).permutation(size) for epoch in epochs])
        return order[start - epochs[0] * size :][:count]
