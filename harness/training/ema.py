"""Exponential moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from harness.networks.network import Network
from harness.training import tensor_lists


class EMA:
    """`average` ← d·average + (1 − d)·network; d(s) of a step stands in `rates`."""

    def __init__(self, network: Network) -> None:
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self._averages: list[Tensor] = list(self.average.parameters())
        self._weights: list[Tensor] = list(network.parameters())

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """Fold in the network's weights: `decay` is d."""
        tensor_lists.lerp(self._averages, self._weights, 1 - decay)

    @torch.no_grad()
    def fold_in(self, weight: Tensor) -> None:
        """The same with 1 − d on the device, of shape (): a step that the host does not wait for."""
        tensor_lists.lerp_on_device(self._averages, self._weights, weight)

    @torch.no_grad()
    def restart(self) -> None:
        """Make the average what the network is now."""
        tensor_lists.copy(self._averages, self._weights)
