"""The training loop: fixed budget, one schedule, one prediction target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.networks.network import Network
from harness.targets import target
from harness.tracks.track import Training
from harness.training.ema import EMA
from harness.training.noise_levels import NoiseLevels, NoiseLevelSource
from harness.training.streams import Block, Streams


class Diverged(Exception):  # noqa: N818 - a result, not an error
    """The loss stopped being finite."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"diverged at step {step}: {reason}")
        self.step = step
        self.reason = reason


@dataclass(frozen=True)
class Batch:
    """Everything one step reads; per-example scalars are shaped to broadcast over the data."""

    x0: Tensor
    eps: Tensor
    label: Tensor
    logsnr: Tensor
    alpha: Tensor
    sigma: Tensor
    factor: Tensor


class Trainer:
    """One run's network, optimiser and average, advanced a block of steps at a time.

    losses: (steps,) the loss of every step so far, on the device
    """

    def __init__(
        self,
        network: Network,
        rules: Training,
        data: Split,
        classes: int,
        prediction: str,
        levels: NoiseLevelSource,
        seed: int,
    ) -> None:
        self.network, self.rules, self.data, self.classes = network, rules, data, classes
        self.prediction, self.levels, self.streams = prediction, levels, Streams(seed)
        self.parameters = list(network.parameters())
        self.optimiser = torch.optim.AdamW(
            self.parameters,
            lr=rules.learning_rate,
            betas=rules.betas,
            weight_decay=rules.weight_decay,
            fused=True,
        )
        self.ema = EMA(network, rules.ema_decay)
        self.done = 0
        self.losses = torch.zeros(rules.steps, device=data.x.device)

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One optimiser step. Returns the loss, and the squared error of each example averaged over its dimensions."""
        x = batch.alpha * batch.x0 + batch.sigma * batch.eps
        wanted = target(self.prediction, batch.x0, batch.eps, batch.alpha, batch.sigma)
        error = (self.network(x, batch.logsnr, batch.label) - wanted).square().flatten(1).mean(dim=1)
        loss = torch.dot(batch.factor, error) / len(error)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.rules.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.detach(), error.detach()

    def run(self, until: int, on_block: Callable[[int], None] = lambda done: None) -> None:
        """Train up to step `until`. Raises Diverged when a loss is not finite.

        The device is waited for once a block, not once a step.
        """
        while self.done < until:
            start, errors = self.done, []
            drawn = self._draw(start // self.rules.block)
            for batch in batches(drawn, self.data, self.classes):
                self._warm_up(self.done)
                self.losses[self.done], error = self.step(batch)
                errors.append(error)
                self.ema.update(self.done)
                self.done += 1
            finite = torch.isfinite(self.losses[start : self.done])
            if not finite.all():
                raise Diverged(start + int(finite.int().argmin()) + 1, "the loss is not finite")
            self.levels.learn(drawn[1], torch.stack(errors))
            on_block(self.done)

    def state(self) -> dict[str, Tensor]:
        """Everything that the coming steps depend on; the random streams have no state."""
        optimiser = self.optimiser.state_dict()["state"]
        return {
            **{f"network.{name}": value for name, value in self.network.state_dict().items()},
            **{f"ema.{name}": value for name, value in self.ema.average.state_dict().items()},
            **{f"optimiser.{row}.{name}": value for row, part in optimiser.items() for name, value in part.items()},
            **{f"learned.{name}": torch.as_tensor(value) for name, value in self.levels.state().items()},
            "losses": self.losses[: self.done],
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state()` was taken, bit for bit on the same device."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, value in state.items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = value
        self.done = len(state["losses"])
        self.losses[: self.done] = state["losses"].to(self.losses.device)
        self.network.load_state_dict(parts["network"])
        self.ema.average.load_state_dict(parts["ema"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in parts.get("optimiser", {}).items():
            row, _, rest = name.partition(".")
            moments.setdefault(int(row), {})[rest] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.levels.load_state({name: value.numpy() for name, value in parts.get("learned", {}).items()})
        self._warm_up(min(self.done, self.rules.warmup_steps))

    def _warm_up(self, step: int) -> None:
        if step <= self.rules.warmup_steps:
            share = min(1.0, (step + 1) / max(1, self.rules.warmup_steps))
            self.optimiser.param_groups[0]["lr"] = self.rules.learning_rate * share

    def _draw(self, index: int) -> tuple[Block, NoiseLevels]:
        rules, shape = self.rules, tuple(self.data.x.shape[1:])
        drawn = self.streams.block(index, rules.block, rules.batch, len(self.data), shape, rules.label_dropout)
        return drawn, self.levels(drawn.u)


def batches(block: tuple[Block, NoiseLevels], data: Split, no_label: int) -> Iterator[Batch]:
    """The steps of a block, as tensors on the data's device; `no_label` replaces the labels that are dropped."""
    device = data.x.device
    drawn, levels = block
    rows, dropped, eps = drawn.rows.to(device), drawn.dropped.to(device), drawn.eps.to(device)
    logsnr, factor = levels.logsnr.to(device), levels.factor.to(device)
    per_example = (*levels.alpha.shape, *(1 for _ in data.x.shape[1:]))
    alpha, sigma = levels.alpha.to(device).view(per_example), levels.sigma.to(device).view(per_example)
    labels = data.labels[rows].masked_fill(dropped, no_label)
    for step in range(len(rows)):
        yield Batch(data.x[rows[step]], eps[step], labels[step], logsnr[step], alpha[step], sigma[step], factor[step])
