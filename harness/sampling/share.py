"""How several processes share the samples of one evaluation, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


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

    def waits(self, chunks: int) -> int:
        """How many chunks fewer than another process this one draws: 0 or 1."""
        return -(-chunks // self.world) - len(self.mine(chunks))

    def together(self, mine: list[Tensor], sizes: list[int]) -> Tensor:
        """The rows of all chunks, in their order, from those that this process has. sizes: rows of every chunk"""
        if self.world == 1:
            return torch.cat(mine)
        chunks: dict[int, Tensor] = {}
        for rank, rows in enumerate(self.gather(torch.cat(mine))):
            numbers = range(rank, len(sizes), self.world)
            chunks.update(zip(numbers, rows.to(mine[0].device).split([sizes[n] for n in numbers]), strict=True))
        return torch.cat([chunks[number] for number in range(len(sizes))])


WHOLE = Share()
"""Of a process that draws every sample by itself."""


def over_processes() -> Share:
    """This process's share among those of torch.distributed's default group, which has been set up."""
    return Share(distributed.get_rank(), distributed.get_world_size(), _gathered)


def _gathered(mine: Tensor) -> list[Tensor]:
    world = distributed.get_world_size()
    counts = [torch.zeros(1, dtype=torch.int64, device=mine.device) for _ in range(world)]
    distributed.all_gather(counts, torch.tensor([len(mine)], device=mine.device))
    sizes = [int(count) for count in counts]
    padded = mine.new_zeros(max(sizes), *mine.shape[1:])  # every process must send as much as the others
    padded[: len(mine)] = mine
    parts = [torch.empty_like(padded) for _ in range(world)]
    distributed.all_gather(parts, padded)
    return [part[:size] for part, size in zip(parts, sizes, strict=True)]
