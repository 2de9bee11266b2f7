"""Memory of the host that a GPU reads by itself, filled again and again.

A copy from such page-locked memory does not wait for the host, but asking the system for 1 MB of it takes a
millisecond, ten times as long as filling it: a small network's block of steps would wait for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TURNS = 2
"""Sets of buffers: one is filled while the device reads the other."""


@dataclass
class _Buffers:
    """read: recorded behind the copies that read them"""

    tensors: list[Tensor]
    read: torch.cuda.Event


class Pinned:
    """Sends tensors of the host to a CUDA device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._kinds: dict[tuple[object, ...], list[_Buffers]] = {}

    def send(self, tensors: list[Tensor], stream: torch.cuda.Stream) -> list[Tensor]:
        """The tensors on the device, as soon as the stream is there."""
        sets = self._kinds.setdefault(tuple((tensor.shape, tensor.dtype) for tensor in tensors), [])
        if len(sets) < TURNS:
            sets.insert(0, _Buffers([tensor.pin_memory() for tensor in tensors], torch.cuda.Event()))
        else:
            sets.insert(0, sets.pop())
            sets[0].read.synchronize()
            for buffer, tensor in zip(sets[0].tensors, tensors, strict=True):
                buffer.copy_(tensor)
        with torch.cuda.stream(stream):
            sent = [buffer.to(self.device, non_blocking=True) for buffer in sets[0].tensors]
            sets[0].read.record()
        return sent
