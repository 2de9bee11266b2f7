"""AdamW over a network's parameters: torch's own fused kernel, with the state that `torch.optim.AdamW` would hold.

The class of torch imports its compiler when the first one is made, a second and a half for every worker process, and
checks at each step what never changes in a run. The function that it calls is public, and is called here by itself.
Weights, moments and checkpoints are the same bit for bit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

EPS = 1e-8
"""Added to the root of the second moment; torch's default."""


class AdamW:
    """The part of `torch.optim.AdamW(..., fused=True)` that training needs, for one group of parameters.

    defaults:     learning rate, betas, eps and weight decay as they were asked for
    param_groups: one, whose "lr" (a number, or a tensor on the device) may be set before each step
    state:        parameter → step (a count, as float32), exp_avg and exp_avg_sq; made by the first step
    Source: arXiv:1711.05101, algorithm 2.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        self.parameters = list(parameters)
        self.defaults: dict[str, Any] = {"lr": lr, "betas": betas, "eps": EPS, "weight_decay": weight_decay}
        self.param_groups: list[dict[str, Any]] = [dict(self.defaults)]
        self.state: defaultdict[Tensor, dict[str, Tensor]] = defaultdict(dict)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        moved = [parameter for parameter in self.parameters if parameter.grad is not None]
        states = [self.state[parameter] or self._begun(parameter) for parameter in moved]
        (group,) = self.param_groups
        beta1, beta2 = group["betas"]
        adamw(
            list[Tensor](moved),
            [parameter.grad for parameter in moved if parameter.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for parameter in self.parameters:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.zero_()

    def state_by_row(self) -> dict[int, dict[str, Tensor]]:
        """The state of each parameter that has any, by its place among the parameters."""
        return {row: self.state[each] for row, each in enumerate(self.parameters) if self.state.get(each)}

    def load_by_row(self, rows: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Go on from what `state_by_row` gave, which is copied."""
        self.state.clear()
        for row, state in rows.items():
            parameter = self.parameters[row]
            self.state[parameter] = {name: value.detach().clone().to(parameter.device) for name, value in state.items()}

    def _begun(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        state = self.state[parameter]
        state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
        state["exp_avg"] = torch.zeros_like(parameter)
        state["exp_avg_sq"] = torch.zeros_like(parameter)
        return state
