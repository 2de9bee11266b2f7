"""Arithmetic on lists of tensors in one call, such as all weights of a network.

torch keeps its functions for that private (`torch._foreach_*`; its own optimisers are built on them). They stand here
alone; where a version of torch has them no longer, the same is done tensor by tensor, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

LARGE = 2**18
"""Values from which on reading a tensor takes longer than calling for it."""


def lerp(starts: Sequence[Tensor], ends: Sequence[Tensor], weight: float) -> None:
    """start ← start + weight · (end − start), in place."""
    if together := _of_torch("lerp_"):
        together(starts, ends, weight)
        return
    for start, end in zip(starts, ends, strict=True):
        start.lerp_(end, weight)


def lerp_on_device(starts: Sequence[Tensor], ends: Sequence[Tensor], weight: Tensor) -> None:
    """The same with a weight () on the device, which the host does not wait for.

    Many small tensors together, in three calls; a large one by itself, so that it is read and written once.
    """
    subtract, multiply, add = (_of_torch(name) for name in ("sub", "mul_", "add_"))
    pairs = list(zip(starts, ends, strict=True))
    if subtract and multiply and add and (small := [pair for pair in pairs if pair[0].numel() < LARGE]):
        small_starts, small_ends = map(list, zip(*small, strict=True))
        apart = subtract(small_ends, small_starts)
        multiply(apart, weight)
        add(small_starts, apart)
        pairs = [pair for pair in pairs if pair[0].numel() >= LARGE]
    for start, end in pairs:
        start.lerp_(end, weight)


def copy(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    """target ← source, in place."""
    if together := _of_torch("copy_"):
        together(targets, sources)
        return
    for target, source in zip(targets, sources, strict=True):
        target.copy_(source)


def _of_torch(name: str) -> Callable[..., Any] | None:
    return getattr(torch, f"_foreach_{name}", None)
