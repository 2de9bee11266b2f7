"""What training steps read: a batch is one step's, a block holds those of consecutive steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.streams import Draws, Streams
from harness.tracks.track import Training
from harness.training.noise_levels import NoiseLevels


@dataclass(frozen=True)
class Batch:
    """Everything one step reads; α and σ are shaped to broadcast over the data.

    x0, eps: (B, *shape);  label: (B,) int64;  logsnr, factor: (B,);  alpha, sigma: (B, 1, …, 1)

    Of many networks at once each has an axis of members before all others.
    """

    x0: Tensor
    eps: Tensor
    label: Tensor
    logsnr: Tensor
    alpha: Tensor
    sigma: Tensor
    factor: Tensor

    def tensors(self) -> list[Tensor]:
        """The fields, in their order."""
        return [getattr(self, field.name) for field in fields(self)]

    def rows(self, rows: slice) -> Batch:
        """Some of its examples."""
        return Batch(*(tensor[rows] for tensor in self.tensors()))


@dataclass(frozen=True)
class StepBlock:
    """Batches of consecutive steps. tensors: a batch's, in their order, each (steps, *)."""

    tensors: list[Tensor]

    @classmethod
    def of(cls, x0: Tensor, label: Tensor, eps: Tensor, levels: NoiseLevels) -> StepBlock:
        """From examples (steps, *, B, *shape) of any type, their labels, ε and noise levels (steps, *, B)."""
        per_example = (*label.shape, *(1 for _ in range(x0.dim() - label.dim())))
        alpha, sigma = levels.alpha.view(per_example), levels.sigma.view(per_example)
        return cls(Batch(x0.float(), eps, label, levels.logsnr, alpha, sigma, levels.factor).tensors())

    @classmethod
    def blank(cls, rows: tuple[int, ...], shape: tuple[int, ...], device: torch.device) -> StepBlock:
        """Zeros for `rows` examples, such as (steps, B), of data of this shape."""
        zeros = torch.zeros(rows, device=device)
        examples = torch.zeros(*rows, *shape, device=device)
        return cls.of(examples, zeros.long(), examples.clone(), NoiseLevels(*(zeros.clone() for _ in range(4))))

    @property
    def device(self) -> torch.device:
        return self.tensors[0].device

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __iter__(self) -> Iterator[Batch]:
        for parts in zip(*self.tensors, strict=True):
            yield Batch(*parts)

    def at(self, step: Tensor) -> Batch:
        """The batch of a step whose number, (1,), is on the device."""
        return Batch(*(tensor.index_select(0, step)[0] for tensor in self.tensors))


def draw(streams: Streams, index: int, rules: Training, data: Split) -> Draws:
    """The random numbers of block `index` of a run."""
    return streams.block(index, rules.block, rules.batch, len(data), tuple(data.x.shape[1:]), rules.label_dropout)


def examples(data: Split, rows: Tensor, dropped: Tensor, no_label: int) -> tuple[Tensor, Tensor]:
    """Rows of the data, where these are, and their labels; `no_label` in the place of those that are dropped."""
    return data.x[rows], data.labels[rows].masked_fill(dropped, no_label)
