"""DDIM without the host: all steps of a chunk of samples are one CUDA graph.

The sampler's steps are hundreds of kernels of a few microseconds, which the host cannot launch as fast as a GPU does
them. What changes from one set of samples to the next is read from buffers: the noise, the labels, λ with α and σ, the
scale of guidance. So one graph without guidance and one with it serve every grid and every scale, and, as a trainer
keeps its average in one place, every run of a target.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from harness.cuda_capture import captured, why_not
from harness.sampling.ddim import DDIM, Levels

WARM_UPS = 2


class CapturedDDIM:
    """A sampler whose network keeps its weights in their places; called as `DDIM` is, with at most `rows` samples.

    notes: gets a line for the user where the sampler cannot be captured, and is called step by step

    Where there is no CUDA the same steps are called instead of replayed: no use, but the same numbers.
    """

    def __init__(self, sampler: DDIM, rows: int, notes: list[str]) -> None:
        self.sampler, self.rows, self.notes = sampler, rows, notes
        self._replays: dict[tuple[bool, int], _Replay | None] = {}

    @torch.inference_mode()
    def __call__(self, noise: Tensor, label: Tensor, grid: np.ndarray, guidance: float) -> Tensor:
        """Samples of the shape of `noise`, (B, *)."""
        kind = (guidance != 1.0, len(grid))
        if kind not in self._replays:
            self._replays[kind] = self._captured(noise, label, grid, guidance)
        replay = self._replays[kind]
        return self.sampler(noise, label, grid, guidance) if replay is None else replay(noise, label, grid, guidance)

    def _captured(self, noise: Tensor, label: Tensor, grid: np.ndarray, guidance: float) -> _Replay | None:
        try:
            replay = _Replay(self.sampler, self.rows, noise, label, len(grid), guided=guidance != 1.0)
            replay.fill(noise, label, grid, guidance)
            replay.capture()
        except RuntimeError as error:
            self.notes.append(why_not(error, noise.device, "its sampler is not one CUDA graph"))
            return None
        return replay


class _Replay:
    """Buffers, the sampler's steps that read them, and their graph."""

    def __init__(self, sampler: DDIM, rows: int, noise: Tensor, label: Tensor, steps: int, guided: bool) -> None:
        self.sampler, self.guided = sampler, guided
        self.noise = noise.new_zeros(rows, *noise.shape[1:])
        self.label = label.new_zeros(rows)
        self.logsnr, self.alphas, self.sigmas = (noise.new_zeros(steps) for _ in range(3))
        self.guidance = noise.new_ones(())
        self._graph: torch.cuda.CUDAGraph | None = None
        self._samples: Tensor | None = None

    def fill(self, noise: Tensor, label: Tensor, grid: np.ndarray, guidance: float) -> None:
        """Write what is read; rows beyond those of the noise stay as they are."""
        levels = Levels.of(grid, torch.device("cpu"))
        self.noise[: len(noise)] = noise
        self.label[: len(label)] = label
        self.guidance.fill_(guidance)
        self.logsnr.copy_(levels.logsnr)
        self.alphas.copy_(torch.as_tensor(levels.alphas))
        self.sigmas.copy_(torch.as_tensor(levels.sigmas))

    def capture(self) -> None:
        """Keep the steps as a graph, where there is CUDA."""
        if self.noise.device.type == "cuda":
            self._graph, self._samples = captured(self._warm_up, self._steps, self.noise.device)

    def _warm_up(self) -> None:
        for _ in range(WARM_UPS):
            self._steps()

    def __call__(self, noise: Tensor, label: Tensor, grid: np.ndarray, guidance: float) -> Tensor:
        self.fill(noise, label, grid, guidance)
        if self._graph is None or self._samples is None:
            return self._steps()[: len(noise)]
        self._graph.replay()
        return self._samples[: len(noise)].clone()  # the next replay overwrites them

    def _steps(self) -> Tensor:
        levels = Levels(self.logsnr, self.alphas, self.sigmas)
        return self.sampler.steps(self.noise, self.label, levels, self.guidance if self.guided else None)
