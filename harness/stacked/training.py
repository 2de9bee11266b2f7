"""Many runs of one cell trained at once: a schedule changes numbers, never the graph, so small networks are stacked.

The members are ordinary trainers. Their weights, averages, moments and losses become rows of shared buffers, and a step
is one forward and one backward of all of them: `torch.vmap` over the network's call, and the gradient of the sum of
their losses, of which each row sees its own. Everything else of a step acts row by row:

    g_m ← g_m · min(1, c / (‖g_m‖ + 1e-6))      clipping, each member by its own norm
    w_m ← AdamW(w_m, g_m; lr_m)                  torch's own fused kernel, one call for each distinct learning rate
    w̄_m ← lerp(w_m, w̄_m; d_m)                    each with its own decay

A member whose loss is not finite touches no other row; it leaves the stack at the end of its block of steps.
What a trainer would write into a checkpoint is written by the trainer itself, so that a stacked run can be resumed one
by one, and the reverse. Numbers agree with one-by-one training to float rounding, not bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from harness.networks.network import Network
from harness.stacked.attention import FoldedAttention
from harness.stacked.feed import StackedFeed
from harness.training import rates
from harness.training.batches import Batch, StepBlock
from harness.training.cuda_graph import GraphedSteps
from harness.training.loop import Diverged, Trainer
from harness.training.noise_levels import NoiseLevels
from harness.training.precision import products
from harness.training.step import squared_errors, weighted_mean

ALIGNED = 64
"""Rows of the buffers begin at multiples of this many numbers, so that kernels may read them in wide words."""


class Unstackable(Exception):  # noqa: N818 - says what it is
    """These runs cannot be trained at once."""


@dataclass(frozen=True)
class Layout:
    """Where each parameter of a network lies in a row of a buffer. width: numbers in a row."""

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    width: int

    @classmethod
    def of(cls, network: nn.Module) -> Layout:
        """The parameters one after another, in the network's order."""
        parameters = dict(network.named_parameters())
        count = sum(parameter.numel() for parameter in parameters.values())
        return cls(
            tuple(parameters), tuple(parameter.shape for parameter in parameters.values()), -count % ALIGNED + count
        )

    def views(self, buffer: Tensor) -> dict[str, Tensor]:
        """By name, (*, *shape) each, of a buffer (*, width)."""
        by_name, start = {}, 0
        for name, shape in zip(self.names, self.shapes, strict=True):
            by_name[name] = buffer[..., start : start + shape.numel()].unflatten(-1, shape)
            start += shape.numel()
        return by_name


class StackedNetwork:
    """Calls networks of one architecture with their own weights, all at once.

    network: lends its code and its constants; its own weights are not used
    """

    def __init__(self, network: Network) -> None:
        self._call = _Call(network)

    def __call__(self, weights: Mapping[str, Tensor], method: str, *inputs: Tensor) -> Tensor:
        """(members, B, *) from weights and inputs that all have a leading axis of members.

        method: "forward" or "at_one_logsnr"; its arguments are `inputs`
        """

        def of_member(weights: Mapping[str, Tensor], *inputs: Tensor) -> Tensor:
            named = {f"network.{name}": value for name, value in weights.items()}
            output: Tensor = torch.func.functional_call(self._call, named, (method, *inputs))
            return output

        with FoldedAttention():
            output: Tensor = torch.vmap(of_member)(weights, *inputs)
        return output


class _Call(nn.Module):
    """Any method of a network as forward(), which is all that `functional_call` calls."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, method: str, *inputs: Tensor) -> Tensor:
        output: Tensor = getattr(self.network, method)(*inputs)
        return output


class StackedTrainer:
    """Trainers of one cell at one step of the budget, advanced together.

    members: those that still train; `run` takes out who diverged. Between calls of `run` a member is as if it had
             trained alone: its `state()` and `ema.average` can be used
    graphed: whether a step is captured as a CUDA graph; it is captured again when a member leaves
    notes:   what a user should be told
    Raises Unstackable for trainers that differ in more than seed, noise levels, learning rate and decay of the average.
    """

    _graph: GraphedSteps | None

    def __init__(self, members: Sequence[Trainer], graphed: bool = False) -> None:
        self.members, self.graphed = list(members), graphed
        self.notes: list[str] = []
        first = self.members[0]
        _check(self.members)
        self.rules, self.data, self.done = first.rules, first.data, first.done
        self.network, self._layout = StackedNetwork(first.network), Layout.of(first.network)
        self.device, count = self.data.x.device, len(self.members)

        def buffer() -> Tensor:
            return torch.zeros(count, self._layout.width, device=self.device)

        self._weights, self._averages, self._first, self._second = buffer(), buffer(), buffer(), buffer()
        self._losses = torch.zeros(count, self.rules.steps, device=self.device)
        for row, member in enumerate(self.members):
            self._copy_in(row, member)
        self._adopt()

    @property
    def averages(self) -> dict[str, Tensor]:
        """The averaged weights by name, (members, *shape) each."""
        return self._layout.views(self._averages)

    def run(self, until: int, on_block: Callable[[int], None] = lambda done: None) -> list[tuple[Trainer, Diverged]]:
        """Train up to step `until`; who diverged on the way, and when. Ends early when nobody is left."""
        lost: list[tuple[Trainer, Diverged]] = []
        while self.done < until and self.members:
            start = self.done
            with products(self.rules.precision, self.device):
                levels, measured = self._block(start // self.rules.block)
            if self.device.type == "cuda" and self.done < until:
                self._feed.ahead(self.done // self.rules.block)
            finite = torch.isfinite(self._losses[:, start : self.done]).cpu()
            self._settle()
            well = finite.all(dim=1).tolist()
            for row, member in enumerate(self.members):
                if well[row]:
                    member.levels.learn(levels[row], measured[:, row])
                else:
                    step = start + int(finite[row].int().argmin()) + 1
                    lost.append((member, Diverged(step, "the loss is not finite")))
            self.keep([row for row, fine in enumerate(well) if fine])
            on_block(self.done)
        return lost

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One step of every member: losses (members,), squared errors (members, B), as `Trainer.step`."""
        return self._step(batch, *self._shares(self.done))

    def _block(self, index: int) -> tuple[list[NoiseLevels], Tensor]:
        """Queue the steps of a block. Returns each member's noise levels and the errors (steps, members, B)."""
        levels, block = self._feed.take(index)
        steps = range(self.done, self.done + self.rules.block)
        if self.graphed and self._graph is None:
            self._graph = self._captured()
        if self._graph is not None:
            losses, errors = self._graph.run(block, torch.tensor([self._shares(step) for step in steps]))
            self._losses[:, self.done : steps.stop] = losses.T
            self.done = steps.stop
            return levels, errors
        measured = []
        for batch in block:
            self._losses[:, self.done], errors = self.step(batch)
            measured.append(errors)
            self.done += 1
        return levels, torch.stack(measured)

    def _shares(self, step: int) -> tuple[float, float]:
        """Of each member's learning rate, and the most that its average may keep, at optimiser step `step`."""
        return rates.warm_up(self.rules, step), rates.decay_ramp(step)

    def _step(self, batch: Batch, share: float | Tensor, ramp: float | Tensor) -> tuple[Tensor, Tensor]:
        forward = partial(self.network, self._leaves, "forward")
        errors = squared_errors(forward, batch, self.members[0].prediction, self.rules.precision)
        losses = weighted_mean(batch.factor, errors)
        gradients = torch.autograd.grad(losses.sum(), list(self._leaves.values()))
        with torch.no_grad():
            self._update(gradients, share, ramp)
        return losses.detach(), errors.detach()

    def _captured(self) -> GraphedSteps | None:
        """The step as a CUDA graph for these members, who stay where they are; None where it cannot be captured."""
        buffers = (self._weights, self._averages, self._first, self._second, self._steps)
        before = [buffer.clone() for buffer in buffers]
        rows, shape = (self.rules.block, len(self.members), self.rules.batch), tuple(self.data.x.shape[1:])
        try:
            blank = StepBlock.blank(rows, shape, self.device)
            graph = GraphedSteps.of(lambda batch, shares: self._step(batch, *shares), blank, 2, self.notes)
        finally:
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
        self.graphed = graph is not None
        return graph

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these members only; the others keep what they have."""
        if len(rows) == len(self.members):
            return
        self.members = [self.members[row] for row in rows]
        if not rows:
            return
        chosen = torch.tensor(rows, device=self.device, dtype=torch.long)
        self._weights, self._averages = self._weights[chosen], self._averages[chosen]
        self._first, self._second = self._first[chosen], self._second[chosen]
        self._losses = self._losses[chosen]
        self._adopt()

    def _update(self, gradients: Sequence[Tensor], share: float | Tensor, ramp: float | Tensor) -> None:
        count = len(self.members)
        flat = torch.cat([*(part.reshape(count, -1) for part in gradients), self._padding], dim=1)
        norm = torch.linalg.vector_norm(flat, dim=1, keepdim=True)
        flat.mul_((self.rules.clip_norm / (norm + 1e-6)).clamp(max=1.0))
        defaults = self.members[0].optimiser.defaults
        for rate, rows in self._by_rate.items():
            adamw(
                [self._weights[row] for row in rows],
                [flat[row] for row in rows],
                [self._first[row] for row in rows],
                [self._second[row] for row in rows],
                [],
                [self._steps[row] for row in rows],
                fused=True,
                amsgrad=False,
                beta1=defaults["betas"][0],
                beta2=defaults["betas"][1],
                lr=rate * share,
                weight_decay=defaults["weight_decay"],
                eps=defaults["eps"],
                maximize=False,
            )
        self._averages.lerp_(self._weights, 1 - self._decays.clamp(max=ramp))

    def _copy_in(self, row: int, member: Trainer) -> None:
        for buffer, network in ((self._weights, member.network), (self._averages, member.ema.average)):
            views = self._layout.views(buffer[row])
            for name, parameter in network.named_parameters():
                views[name].copy_(parameter.detach())
        first, second = self._layout.views(self._first[row]), self._layout.views(self._second[row])
        for name, parameter in member.network.named_parameters():
            if state := member.optimiser.state.get(parameter):
                first[name].copy_(state["exp_avg"])
                second[name].copy_(state["exp_avg_sq"])
        self._losses[row, : self.done] = member.losses[: self.done]

    def _adopt(self) -> None:
        """Make the members' tensors rows of the buffers, and lay out what a step needs of them."""
        device, count = self.device, len(self.members)
        self._graph = None
        self._feed = StackedFeed(self.members)
        self._leaves = {
            name: view.detach().requires_grad_() for name, view in self._layout.views(self._weights).items()
        }
        used = sum(shape.numel() for shape in self._layout.shapes)
        self._padding = torch.zeros(count, self._layout.width - used, device=device)
        self._steps = torch.full((count,), float(self.done), device=device)
        self._decays = torch.tensor([[member.rules.ema_decay] for member in self.members], device=device)
        self._by_rate: dict[float, list[int]] = {}
        for row, member in enumerate(self.members):
            self._by_rate.setdefault(member.rules.learning_rate, []).append(row)
            self._point(row, member)

    def _point(self, row: int, member: Trainer) -> None:
        weights, averages = self._layout.views(self._weights[row]), self._layout.views(self._averages[row])
        first, second = self._layout.views(self._first[row]), self._layout.views(self._second[row])
        member.losses = self._losses[row]
        for name, average in member.ema.average.named_parameters():
            average.data = averages[name]
        for name, parameter in member.network.named_parameters():
            parameter.data = weights[name]
            step = torch.tensor(float(self.done), device=self.device)
            member.optimiser.state[parameter] = {"step": step, "exp_avg": first[name], "exp_avg_sq": second[name]}

    def _settle(self) -> None:
        """Tell the members how far they are."""
        for member in self.members:
            member.done = self.done
            for state in member.optimiser.state.values():
                state["step"].fill_(float(self.done))


def _check(members: Sequence[Trainer]) -> None:
    first = members[0]
    if first.data.x.device != first.parameters[0].device:
        raise Unstackable("the training data are not on the network's device")
    shared = {"learning_rate", "ema_decay"}
    for member in members:
        if member.done != first.done:
            raise Unstackable(f"runs at different steps, {first.done} and {member.done}")
        if member.prediction != first.prediction or member.data is not first.data:
            raise Unstackable("runs of different cells")
        if member.rules.model_dump(exclude=shared) != first.rules.model_dump(exclude=shared):
            raise Unstackable("runs under different rules of training")
    # Constants of a network are taken from the first one; what a network counts while it runs cannot be shared.
    other_state = set(first.network.state_dict()) - {name for name, _ in first.network.named_parameters()}
    if other_state:
        raise Unstackable(f"the network has state that is no parameter: {', '.join(sorted(other_state))}")
    constants = dict(first.network.named_buffers())
    for member in members[1:]:
        for name, value in member.network.named_buffers():
            if not torch.equal(value, constants[name]):
                raise Unstackable(f"the network's constant {name} differs between seeds")
