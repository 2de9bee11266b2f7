"""The training loop: fixed budget, one schedule, one prediction target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.networks.network import Network
from harness.streams import Block, Streams
from harness.targets import target
from harness.tracks.track import Training
from harness.training.compilation import OFF, Compilation, compiled
from harness.training.cuda_graph import GraphedSteps
from harness.training.ema import EMA
from harness.training.noise_levels import NoiseLevels, NoiseLevelSource
from harness.training.precision import casting, products
from harness.training.step_blocks import Batch, Feed


class Diverged(Exception):  # noqa: N818 - a result, not an error
    """A run blew up: its loss, its samples or its scores are no numbers."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"diverged at step {step}: {reason}")
        self.step = step
        self.reason = reason


class Trainer:
    """One run's network, optimiser and average, advanced a block of steps at a time.

    data:   may stay in the memory of the host where the network is on another device
    losses: (steps,) the loss of every step so far, on the device
    notes:  what a user should be told
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
        compilation: Compilation = OFF,
    ) -> None:
        self.network, self.rules, self.data, self.classes = network, rules, data, classes
        self.prediction, self.levels, self.streams = prediction, levels, Streams(seed)
        self.parameters = list(network.parameters())
        self.device = self.parameters[0].device
        self.notes: list[str] = []
        self.optimiser = torch.optim.AdamW(
            self.parameters,
            lr=rules.learning_rate,
            betas=rules.betas,
            weight_decay=rules.weight_decay,
            fused=True,
            capturable=compilation.graph and self.device.type == "cuda",
        )
        self.ema = EMA(network, rules.ema_decay)
        self.done = 0
        self.losses = torch.zeros(rules.steps, device=self.device)
        self.feed = self._feed() if self.device.type != "cpu" or compilation.graph else None
        if compilation.backend:
            compiled(network, compilation.backend)
            compiled(self.ema.average, compilation.backend)
        self.graph = self._graphed() if compilation.graph else None
        self.compilation = replace(compilation, graph=self.graph is not None)

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One optimiser step. Returns the loss, and the squared error of each example averaged over its dimensions."""
        x = batch.alpha * batch.x0 + batch.sigma * batch.eps
        wanted = target(self.prediction, batch.x0, batch.eps, batch.alpha, batch.sigma)
        with casting(self.rules.precision, self.device):
            output = self.network(x, batch.logsnr, batch.label)
        error = (output.float() - wanted).square().flatten(1).mean(dim=1)
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
            start = self.done
            with products(self.rules.precision, self.device):
                levels, errors = self._block(start // self.rules.block)
            if self.feed is not None and self.done < self.rules.steps:
                self.feed.ahead(self.done // self.rules.block)
            finite = torch.isfinite(self.losses[start : self.done])
            if not finite.all():
                raise Diverged(start + int(finite.int().argmin()) + 1, "the loss is not finite")
            self.levels.learn(levels, errors)
            on_block(self.done)

    def _block(self, index: int) -> tuple[NoiseLevels, Tensor]:
        """Queue the steps of a block. Returns its noise levels and the errors (steps, B)."""
        if self.feed is None:
            drawn = self._draw(index)
            levels, steps = drawn[1], batches(drawn, self.data, self.classes)
        else:
            block, levels = self.feed.take(index)
            if self.graph is not None:
                coming = range(self.done, self.done + self.rules.block)
                numbers = [(self.learning_rate(step), 1 - self.ema.decay_at(step)) for step in coming]
                losses, errors = self.graph.run(block, torch.tensor(numbers))
                self.losses[self.done : self.done + len(losses)] = losses
                self.done += len(losses)
                return levels, errors
            steps = block.steps()
        kept = []
        for batch in steps:
            self._warm_up(self.done)
            self.losses[self.done], error = self.step(batch)
            kept.append(error)
            self.ema.update(self.done)
            self.done += 1
        return levels, torch.stack(kept)

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
        if self.graph is not None:
            for parameter, (_, moment) in zip(self.parameters, sorted(moments.items()), strict=True):
                for name, value in moment.items():
                    self.optimiser.state[parameter][name].copy_(value)
        else:
            self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.levels.load_state({name: value.numpy() for name, value in parts.get("learned", {}).items()})
        if self.graph is None:
            self._warm_up(min(self.done, self.rules.warmup_steps))

    def restart(self, weights: Mapping[str, Tensor], rules: Training, levels: NoiseLevelSource, seed: int) -> None:
        """Become the trainer of another run of this cell, in the same place and with what is compiled and captured.

        weights: the network's initial ones; rules: may differ in learning rate and average alone
        """
        if self.graph is None:
            raise ValueError("a trainer without a captured graph has nothing to be used again")
        self.rules, self.levels, self.streams = rules, levels, Streams(seed)
        self.network.load_state_dict(weights)
        self.ema.decay = rules.ema_decay
        self.ema.restart()
        self._forget()
        self.losses.zero_()
        self.done, self.feed = 0, self._feed()

    def learning_rate(self, step: int) -> float:
        """Of optimiser step `step` (0-based): constant after a linear warm-up."""
        return self.rules.learning_rate * min(1.0, (step + 1) / max(1, self.rules.warmup_steps))

    def _warm_up(self, step: int) -> None:
        if step <= self.rules.warmup_steps:
            self.optimiser.param_groups[0]["lr"] = self.learning_rate(step)

    def _draw(self, index: int) -> tuple[Block, NoiseLevels]:
        drawn = self._numbers(index)
        return drawn, self.levels(drawn.u)

    def _numbers(self, index: int) -> Block:
        rules, shape = self.rules, tuple(self.data.x.shape[1:])
        return self.streams.block(index, rules.block, rules.batch, len(self.data), shape, rules.label_dropout)

    def _feed(self) -> Feed:
        return Feed(self._numbers, self.levels, self.data, self.classes, self.device)

    def _graphed(self) -> GraphedSteps | None:
        shape = tuple(self.data.x.shape[1:])
        rate = torch.zeros((), device=self.device)
        self.optimiser.param_groups[0]["lr"] = rate

        def step(batch: Batch, numbers: Tensor) -> tuple[Tensor, Tensor]:
            rate.copy_(numbers[0])
            loss, error = self.step(batch)
            self.ema.fold_in(numbers[1])
            return loss, error

        # At zero the loss is 0 and neither weights nor average move; the optimiser's counter does.
        blank = Batch.blank((self.rules.block, self.rules.batch), shape, self.device)
        with products(self.rules.precision, self.device):
            graph = GraphedSteps.of(step, blank, 2, self.notes)
        if graph is not None:
            self._forget()
        else:
            self.optimiser.state.clear()
            self.optimiser.zero_grad(set_to_none=True)
        return graph

    def _forget(self) -> None:
        """Zero the optimiser's state where it lies."""
        for state in self.optimiser.state.values():
            for value in state.values():
                value.zero_()


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
        yield Batch(
            data.x[rows[step]].float(), eps[step], labels[step], logsnr[step], alpha[step], sigma[step], factor[step]
        )
