"""The arithmetic of the network's forward and backward pass, as a track declares it.

    fp32    every product in float32
    tf32    products in TF32 where the device has it (CUDA, compute capability 8.0 and later); elsewhere fp32
    bf16    the forward pass under autocast, its remaining float32 products in TF32

Weights, gradients, optimiser and average are float32 always; so are λ, its embedding, the target and the loss. What is
declared holds while training and sampling; features, distances and the ε-error are computed in float32.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

Asked = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x, λ, label) → the network's output."""


@contextlib.contextmanager
def products(precision: str, device: torch.device) -> Iterator[None]:
    """Matrix products and convolutions on a CUDA device in TF32 where `precision` lets them, in float32 otherwise.

    cuDNN would use TF32 unasked.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    _allow(precision != "fp32", precision != "fp32")
    try:
        yield
    finally:
        _allow(*before)


def float32_unless_declared() -> None:
    """From now on this process uses no TF32 outside `products`."""
    _allow(False, False)


def _allow(matmul: bool, convolution: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, convolution


def casting(precision: str, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """The context of a forward pass."""
    if precision != "bf16":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def sampling(network: Asked, precision: str, device: torch.device) -> Asked:
    """The network as a sampler asks it: in the declared precision, with a float32 output."""
    if precision == "fp32":
        return network

    def in_precision(x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        with products(precision, device), casting(precision, device):
            return network(x, logsnr, label).float()

    return in_precision
