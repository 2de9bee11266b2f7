"""Training steps without the host: one step is captured as a CUDA graph and replayed, for the next steps and runs.

A small network's step is a hundred kernels of a few microseconds, which the host cannot launch as fast as a GPU does
them. A graph is launched at once. Everything that changes from step to step is therefore read from buffers of the
device at a counter that the graph moves itself: the examples, the noise, λ, the learning rate, the average's weight.

While it is warmed up and captured all of them are zero: the loss is 0, and neither weights nor average move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.training.feed import Batch

if TYPE_CHECKING:
    from harness.training.loop import Trainer

WARM_UP_STEPS = 3


class GraphedSteps:
    """The steps of one trainer, whose network, average and optimiser keep their places in memory from now on.

    Where there is no CUDA the same step is called instead of replayed: no use, but the same numbers.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, device, rules = trainer, trainer.device, trainer.rules
        steps, size, shape = rules.block, (rules.block, rules.batch), tuple(trainer.data.x.shape[1:])
        ones = tuple(1 for _ in shape)

        def zeros(*dimensions: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.zeros(dimensions, dtype=dtype, device=device)

        self.block = Batch(
            x0=zeros(*size, *shape),
            eps=zeros(*size, *shape),
            label=zeros(*size, dtype=torch.int64),
            logsnr=zeros(*size),
            alpha=zeros(*size, *ones),
            sigma=zeros(*size, *ones),
            factor=zeros(*size),
        )
        self.at = zeros(1, dtype=torch.int64)
        self.rates, self.weights = zeros(steps), zeros(steps)
        self.losses, self.errors = zeros(steps), zeros(*size)
        self.rate = zeros()
        trainer.optimiser.param_groups[0]["lr"] = self.rate
        self._graph = self._captured() if device.type == "cuda" else None
        if self._graph is None:
            self._warm_up()
        self.forget()

    def forget(self) -> None:
        """Zero the optimiser's state where it lies."""
        for state in self.trainer.optimiser.state.values():
            for value in state.values():
                value.zero_()

    def run(self, block: Batch, start: int) -> tuple[Tensor, Tensor]:
        """Queue the steps of a block that begins at step `start`. Returns losses (steps,) and errors (steps, B).

        Both are buffers that the next block overwrites.
        """
        steps = range(start, start + len(self.rates))
        for buffer, fresh in zip(self.block.tensors(), block.tensors(), strict=True):
            buffer.copy_(fresh)
        self.rates.copy_(torch.tensor([self.trainer.learning_rate(step) for step in steps]))
        self.weights.copy_(torch.tensor([1 - self.trainer.ema.decay_at(step) for step in steps]))
        self.at.zero_()
        for _ in steps:
            if self._graph is None:
                self._step()
            else:
                self._graph.replay()
        return self.losses, self.errors

    def _step(self) -> None:
        at = self.at
        self.rate.copy_(self.rates.index_select(0, at)[0])
        loss, error = self.trainer.step(Batch(*(part.index_select(0, at)[0] for part in self.block.tensors())))
        self.losses.index_copy_(0, at, loss[None])
        self.errors.index_copy_(0, at, error[None])
        self.trainer.ema.fold_in(self.weights.index_select(0, at)[0])
        at.add_(1)

    def _warm_up(self) -> None:
        """Compile what is to be compiled and let the optimiser make its state."""
        for _ in range(WARM_UP_STEPS):
            self.at.zero_()
            self._step()

    def _captured(self) -> torch.cuda.CUDAGraph:
        with torch.cuda.device(self.trainer.device):  # a graph is captured on the current one
            beside = torch.cuda.Stream()
            beside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(beside):
                self._warm_up()
            torch.cuda.current_stream().wait_stream(beside)
            self.at.zero_()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._step()
        return graph
