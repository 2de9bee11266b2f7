"""The blocks of steps of a run: on an accelerator the next one is drawn and sent while it trains on the one before.

Random numbers are drawn on the CPU, so that every device sees the same ones. They go through pinned memory and a stream
of their own, and so do the examples where the data stay in the memory of the host.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.streams import Draws, Streams
from harness.tracks.track import Training
from harness.training.batches import StepBlock, draw, examples
from harness.training.noise_levels import NoiseLevels, NoiseLevelSource
from harness.training.pinned import Pinned


@dataclass
class _Sent:
    index: int
    drawn: Draws
    levels: NoiseLevels | None
    tensors: list[Tensor]


class Feed:
    """The blocks of one run on a device.

    pinned:   what sends them to a CUDA device
    resident: whether the examples are on the device; elsewhere they are picked on the host and sent
    """

    def __init__(
        self,
        streams: Streams,
        rules: Training,
        levels: NoiseLevelSource,
        data: Split,
        no_label: int,
        device: torch.device,
        pinned: Pinned | None = None,
    ) -> None:
        self.streams, self.rules, self.levels = streams, rules, levels
        self.no_label, self.device = no_label, device
        self.resident = data.x.device.type == device.type
        self.data = data if self.resident else replace(data, labels=data.labels.cpu())
        self._pinned, self._stream = pinned, torch.cuda.Stream(device) if pinned is not None else None
        self._sent: _Sent | None = None

    def ahead(self, index: int) -> None:
        """Draw a block and begin to send it."""
        self._sent = self._begun(index)

    def _begun(self, index: int) -> _Sent:
        """A block on its way; λ only where it does not wait for what the block before it teaches."""
        drawn = draw(self.streams, index, self.rules, self.data)
        levels = None if self.levels.learns else self.levels(drawn.u)
        if self.resident:
            going = [drawn.rows, drawn.dropped, drawn.eps]
        else:
            going = [*examples(self.data, drawn.rows, drawn.dropped, self.no_label), drawn.eps]
        return _Sent(index, drawn, levels, self._send(going))

    def take(self, index: int) -> tuple[StepBlock, NoiseLevels]:
        """A block on the device, and its noise levels on the CPU."""
        sent, self._sent = self._sent, None
        if sent is None or sent.index != index:
            sent = self._begun(index)
        levels = sent.levels or self.levels(sent.drawn.u)
        on_device = self._send([levels.logsnr, levels.alpha, levels.sigma, levels.factor])
        if self._stream is not None:
            here = torch.cuda.current_stream(self.device)
            here.wait_stream(self._stream)
            for tensor in (*sent.tensors, *on_device):
                tensor.record_stream(here)
        first, second, eps = sent.tensors
        x0, label = examples(self.data, first, second, self.no_label) if self.resident else (first, second)
        return StepBlock.of(x0, label, eps, NoiseLevels(*on_device)), levels

    def _send(self, tensors: list[Tensor]) -> list[Tensor]:
        if self._pinned is None or self._stream is None:
            return [tensor.to(self.device) for tensor in tensors]
        return self._pinned.send(tensors, self._stream)
