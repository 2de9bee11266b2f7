"""Attention of many networks at once.

Under `torch.vmap` scaled-dot-product attention takes the slow kernel that writes out the whole matrix of weights, and
the backward of the fast ones has no batching rule. Attention has no parameters, though: the axis that vmap maps over
can be folded into the batch, where the fast kernels take it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode


class FoldedAttention(TorchFunctionMode):
    """While it is active, `F.scaled_dot_product_attention` under vmap is one call over members × batch.

    A call with a mask, with dropout or with grouped queries is left as it is.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func is F.scaled_dot_product_attention and len(args) == 3 and named.keys() <= {"is_causal", "scale"}:
            return _Folded.apply(*args, bool(named.get("is_causal", False)), named.get("scale"))
        return func(*args, **named)


class _Folded(torch.autograd.Function):
    """softmax(QKᵀ·scale) V of (B, heads, N, d) each, with the batching rule that folds."""

    @staticmethod
    def forward(query: Tensor, key: Tensor, value: Tensor, is_causal: bool, scale: float | None) -> Tensor:
        return F.scaled_dot_product_attention(query, key, value, is_causal=is_causal, scale=scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        query, key, value, ctx.is_causal, ctx.scale = inputs
        ctx.save_for_backward(query, key, value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        with torch.enable_grad():
            query, key, value = inputs = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
            output = F.scaled_dot_product_attention(query, key, value, is_causal=ctx.is_causal, scale=ctx.scale)
        return (*torch.autograd.grad(output, inputs, grads[0]), None, None)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        *tensors, is_causal, scale = inputs
        members = info.batch_size
        query, key, value = (
            (tensor.expand(members, *tensor.shape) if dim is None else tensor.movedim(dim, 0)).flatten(0, 1)
            for tensor, dim in zip(tensors, in_dims[:3], strict=True)
        )
        output = F.scaled_dot_product_attention(query, key, value, is_causal=is_causal, scale=scale)
        return output.unflatten(0, (members, -1)), 0
