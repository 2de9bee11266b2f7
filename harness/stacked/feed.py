"""Blocks of steps of a stack: each seed's numbers are drawn once, and dealt to the members that have this seed.

On a GPU the next block is drawn while the device trains on the one before, by a thread for each seed: a stack of many
seeds would otherwise wait for its random numbers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.streams import Draws
from harness.training.batches import StepBlock, draw, examples
from harness.training.noise_levels import NoiseLevels
from harness.training.pinned import Pinned

if TYPE_CHECKING:
    from harness.training.loop import Trainer

MOST_THREADS = 8


@dataclass(frozen=True)
class _Drawn:
    """A block of every seed, and the noise levels of the members that need not wait for the block before it."""

    index: int
    seeds: dict[int, Draws]
    levels: list[NoiseLevels | None]
    sent: dict[str, Tensor]


class StackedFeed:
    """The blocks of one stack, whose members stay the same. Their data are on the device."""

    def __init__(self, members: Sequence[Trainer]) -> None:
        first = members[0]
        self.members, self.rules, self.data = list(members), first.rules, first.data
        self.no_label, self.device = first.classes, first.data.x.device
        self.streams = {member.streams.seed: member.streams for member in members}
        place = {seed: number for number, seed in enumerate(self.streams)}
        self._dealt = torch.tensor([place[member.streams.seed] for member in members], device=self.device)
        self._pinned = Pinned(self.device) if self.device.type == "cuda" else None
        self._ahead: _Drawn | None = None
        self._threads = (
            ThreadPoolExecutor(min(MOST_THREADS, len(self.streams), os.cpu_count() or 1))
            if self.device.type == "cuda"
            else None
        )

    def ahead(self, index: int) -> None:
        """Draw a block and begin to send it."""
        self._ahead = self._draw(index)

    def take(self, index: int) -> tuple[list[NoiseLevels], StepBlock]:
        """Each member's noise levels, and the block on the device: (steps, members, B, *)."""
        drawn, self._ahead = self._ahead, None
        if drawn is None or drawn.index != index:
            drawn = self._draw(index)
        levels = [
            computed or member.levels(drawn.seeds[member.streams.seed].u)
            for computed, member in zip(drawn.levels, self.members, strict=True)
        ]
        rows, dropped, eps = (self._of_members(drawn.sent[name]) for name in ("rows", "dropped", "eps"))
        fields_of_members = [
            torch.stack([getattr(member, field.name) for member in levels], dim=1) for field in fields(NoiseLevels)
        ]
        together = NoiseLevels(*self._to_device(fields_of_members))
        return levels, StepBlock.of(*examples(self.data, rows, dropped, self.no_label), eps, together)

    def _draw(self, index: int) -> _Drawn:
        def of_seed(seed: int) -> Draws:
            return draw(self.streams[seed], index, self.rules, self.data)

        blocks = self._threads.map(of_seed, self.streams) if self._threads else map(of_seed, self.streams)
        seeds = dict(zip(self.streams, blocks, strict=True))
        levels = [
            None if member.levels.learns else member.levels(seeds[member.streams.seed].u) for member in self.members
        ]
        names = ("rows", "dropped", "eps")
        of_seeds = [torch.stack([getattr(block, name) for block in seeds.values()], dim=1) for name in names]
        sent = dict(zip(names, self._to_device(of_seeds), strict=True))
        return _Drawn(index, seeds, levels, sent)

    def _of_members(self, drawn: Tensor) -> Tensor:
        """(steps, seeds, *) → (steps, members, *)."""
        return drawn[:, self._dealt]

    def _to_device(self, tensors: list[Tensor]) -> list[Tensor]:
        if self._pinned is None:
            return [tensor.to(self.device) for tensor in tensors]
        return self._pinned.send(tensors, torch.cuda.current_stream(self.device))
