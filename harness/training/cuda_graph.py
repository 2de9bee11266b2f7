"""Training steps without the host: one step is captured as a CUDA graph and replayed, for the next steps and runs.

A small network's step is a hundred kernels of a few microseconds, which the host cannot launch as fast as a GPU does
them. A graph is launched at once. Everything that changes from step to step is therefore read from buffers of the
device at a counter that the graph moves itself: the examples, the noise, λ, and numbers such as the learning rate.

While it is warmed up and captured all of them are zero.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness.cuda_capture import captured, why_not
from harness.training.batches import Batch, StepBlock

WARM_UP_STEPS = 3


class GraphedSteps:
    """A step whose tensors keep their places in memory from now on.

    step:    (batch, numbers (k,)) → loss and error, of any shapes; whoever made it puts back what three steps on zeros
             change, and a fourth where it is called instead of captured
    block:   zeros of the shapes of a block of steps
    numbers: k

    Where there is no CUDA the same step is called instead of replayed: no use, but the same numbers.
    """

    def __init__(self, step: Callable[[Batch, Tensor], tuple[Tensor, Tensor]], block: StepBlock, numbers: int) -> None:
        self.step, self.block, device = step, block, block.device
        self.steps = len(block)
        self.at = torch.zeros(1, dtype=torch.int64, device=device)
        self.numbers = torch.zeros(self.steps, numbers, device=device)
        self.outputs: tuple[Tensor, ...] = ()
        self._graph = self._captured() if device.type == "cuda" else None
        if self._graph is None:
            self._warm_up()

    @classmethod
    def of(
        cls, step: Callable[[Batch, Tensor], tuple[Tensor, Tensor]], block: StepBlock, numbers: int, notes: list[str]
    ) -> GraphedSteps | None:
        """The same, or None with a note for the user where the step cannot be captured."""
        try:
            return cls(step, block, numbers)
        except RuntimeError as error:
            notes.append(why_not(error, block.device, "its steps are not one CUDA graph"))
            return None

    def run(self, block: StepBlock, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Queue the steps of a block. numbers: (steps, k). Returns losses (steps, *) and errors (steps, *).

        Both are buffers that the next block overwrites.
        """
        for buffer, fresh in zip(self.block.tensors, block.tensors, strict=True):
            buffer.copy_(fresh)
        self.numbers.copy_(numbers)
        self.at.zero_()
        for _ in range(self.steps):
            if self._graph is None:
                self._step()
            else:
                self._graph.replay()
        losses, errors = self.outputs
        return losses, errors

    def _step(self) -> None:
        at = self.at
        measured = self.step(self.block.at(at), self.numbers.index_select(0, at)[0])
        if not self.outputs:
            self.outputs = tuple(torch.zeros(self.steps, *part.shape, device=part.device) for part in measured)
        for output, part in zip(self.outputs, measured, strict=True):
            output.index_copy_(0, at, part[None])
        at.add_(1)

    def _warm_up(self) -> None:
        """Compile what is to be compiled and let an optimiser make its state."""
        for _ in range(WARM_UP_STEPS):
            self.at.zero_()
            self._step()
        self.at.zero_()

    def _captured(self) -> torch.cuda.CUDAGraph:
        return captured(self._warm_up, self._step, self.at.device)[0]
