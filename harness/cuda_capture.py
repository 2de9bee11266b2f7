"""Work captured as a CUDA graph, to be replayed: a training step, the steps of a sampler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Output = TypeVar("Output")


def captured(
    warm_up: Callable[[], object], work: Callable[[], Output], device: torch.device
) -> tuple[torch.cuda.CUDAGraph, Output]:
    """The graph of `work`, and what it returned: tensors that every replay writes anew.

    warm_up: calls the work until all is compiled and allocated; on a stream of its own, as a capture asks for

    Raises RuntimeError for work that cannot be captured.
    """
    with torch.cuda.device(device):  # a graph is captured on the current one
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            warm_up()
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = work()
    return graph, output


def why_not(error: RuntimeError, device: torch.device, what: str) -> str:
    """A line for the user on work that cannot be captured. Raises the error again where it says something else."""
    if device.type != "cuda" or isinstance(error, torch.cuda.OutOfMemoryError):
        raise error
    first_line = str(error).partition("\n")[0]
    return f"{what}, which costs speed: {first_line or type(error).__name__}"
