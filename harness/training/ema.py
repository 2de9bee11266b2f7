"""Exponential moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from harness.networks.network import Network


class EMA:
    """`average` ← d·average + (1 − d)·network, d = min(decay, (1 + step)/(10 + step)).

    The ramp keeps early averages from remembering the initial weights; it is TensorFlow's and diffusers' rule.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.decay = decay
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self._averages: list[Tensor] = list(self.average.parameters())
        self._weights: list[Tensor] = list(network.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Fold in the network's weights after optimiser step `step` (0-based)."""
        torch._foreach_lerp_(self._averages, self._weights, 1 - self.decay_at(step))

    def decay_at(self, step: int) -> float:
        """d after optimiser step `step`."""
        return min(self.decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def fold_in(self, weight: Tensor) -> None:
        """The same with 1 − d on the device, of shape (): a step that the host does not wait for."""
        apart = torch._foreach_sub(self._weights, self._averages)
        torch._foreach_mul_(apart, weight)
        torch._foreach_add_(self._averages, apart)

    @torch.no_grad()
    def restart(self) -> None:
        """Make the average what the network is now."""
        torch._foreach_copy_(self._averages, self._weights)
