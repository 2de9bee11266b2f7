"""Blocks of steps on an accelerator: the next one is drawn and sent while the device trains on the one before.

Random numbers are drawn on the CPU, so that every device sees the same ones. They go through pinned memory and a stream
of their own, and so do the examples where the data stay in the memory of the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.streams import Block
from harness.training.noise_levels import NoiseLevels, NoiseLevelSource


@dataclass(frozen=True)
class Batch:
    """Everything one step reads; per-example scalars are shaped to broadcast over the data.

    A block of steps is one too, with a dimension for the steps before all others.
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

    @classmethod
    def blank(cls, rows: tuple[int, ...], shape: tuple[int, ...], device: torch.device) -> Batch:
        """Zeros for `rows` examples, such as (steps, B), of data of this shape."""

        def zeros(*more: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(*rows, *more, dtype=dtype, device=device)

        ones = tuple(1 for _ in shape)
        return cls(zeros(*shape), zeros(*shape), zeros(dtype=torch.int64), zeros(), zeros(*ones), zeros(*ones), zeros())

    def steps(self) -> Iterator[Batch]:
        """The steps of a block."""
        for parts in zip(*self.tensors(), strict=True):
            yield Batch(*parts)


@dataclass
class _Sent:
    index: int
    drawn: Block
    levels: NoiseLevels | None
    tensors: list[Tensor]


class Feed:
    """The blocks of one run on a device.

    draw:     index of a block → its random numbers
    resident: whether the examples are on the device; elsewhere they are picked on the host and sent
    """

    def __init__(
        self,
        draw: Callable[[int], Block],
        levels: NoiseLevelSource,
        data: Split,
        no_label: int,
        device: torch.device,
    ) -> None:
        self.draw, self.levels, self.data, self.no_label, self.device = draw, levels, data, no_label, device
        self.resident = data.x.device.type == device.type
        self.labels = data.labels if self.resident else data.labels.cpu()
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._sent: _Sent | None = None

    def ahead(self, index: int) -> None:
        """Draw a block and begin to send it."""
        self._sent = self._begun(index)

    def _begun(self, index: int) -> _Sent:
        """A block on its way; λ only where it does not wait for what the block before it teaches."""
        drawn = self.draw(index)
        levels = None if self.levels.learns else self.levels(drawn.u)
        if self.resident:
            going = [drawn.rows, drawn.dropped, drawn.eps]
        else:
            labels = self.labels[drawn.rows].masked_fill(drawn.dropped, self.no_label)
            going = [self.data.x[drawn.rows.flatten()].unflatten(0, drawn.rows.shape), labels, drawn.eps]
        return _Sent(index, drawn, levels, self._send(going))

    def take(self, index: int) -> tuple[Batch, NoiseLevels]:
        """A block on the device, and its noise levels on the CPU."""
        sent, self._sent = self._sent, None
        if sent is None or sent.index != index:
            sent = self._begun(index)
        levels = sent.levels or self.levels(sent.drawn.u)
        logsnr, alpha, sigma, factor = self._send([levels.logsnr, levels.alpha, levels.sigma, levels.factor])
        first, second, eps = sent.tensors
        if self._stream is not None:
            here = torch.cuda.current_stream(self.device)
            here.wait_stream(self._stream)
            for tensor in (*sent.tensors, logsnr, alpha, sigma, factor):
                tensor.record_stream(here)
        if self.resident:
            x0, label = self.data.x[first].float(), self.labels[first].masked_fill(second, self.no_label)
        else:
            x0, label = first.float(), second
        per_example = (*alpha.shape, *(1 for _ in self.data.x.shape[1:]))
        return Batch(x0, eps, label, logsnr, alpha.view(per_example), sigma.view(per_example), factor), levels

    def _send(self, tensors: list[Tensor]) -> list[Tensor]:
        if self._stream is None:
            return [tensor.to(self.device) for tensor in tensors]
        with torch.cuda.stream(self._stream):
            return [tensor.pin_memory().to(self.device, non_blocking=True) for tensor in tensors]
