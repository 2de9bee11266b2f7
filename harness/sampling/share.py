"""How several processes share the samples of one evaluation, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Share:
    """A process's part of the samples: of `world` processes, number `rank` draws every `world`-th chunk.

    gather: this process's rows (n, *) → every process's, by rank. As many processes as there are GPUs call the
    Evaluator alike, each with a `Share` of its own, and each gets all the scores.
    """

    rank: int = 0
    world: int = 1
    gather: Callable[[Tensor], Sequence[Tensor]] = lambda mine: [mine]

    def mine(self, chunks: int) -> range:
        """The chunks that this process draws. ValueError where there are fewer chunks than processes."""
        if chunks < self.world:
            raise ValueError(f"{chunks} chunks of samples are too few for {self.world} processes")
        return range(self.rank, chunks, self.world)

    def together(self, mine: list[Tensor], sizes: list[int]) -> Tensor:
        """The rows of all chunks, in their order, from those that this process has. sizes: rows of every chunk"""
        if self.world == 1:
            return torch.cat(mine)
        chunks: dict[int, Tensor] = {}
        for rank, rows in enumerate(self.gather(torch.cat(mine))):
            numbers = range(rank, len(sizes), self.world)
            chunks.update(zip(numbers, rows.to(mine[0].device).split([sizes[n] for n in numbers]), strict=True))
        return torch.cat([chunks[number] for number in range(len(sizes))])
