"""The training loop: fixed budget, one schedule, one prediction target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from harness.data.dataset import Split
from harness.networks.network import Network
from harness.streams import Streams
from harness.tracks.track import Training
from harness.training import rates
from harness.training.batches import Batch, StepBlock
from harness.training.compilation import OFF, Compilation, compiled
from harness.training.cuda_graph import GraphedSteps
from harness.training.ema import EMA
from harness.training.feed import Feed
from harness.training.noise_levels import NoiseLevels, NoiseLevelSource
from harness.training.optimiser import AdamW
from harness.training.pinned import Pinned
from harness.training.precision import products
from harness.training.step import squared_errors, update, weighted_mean


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
        self.optimiser = AdamW(self.parameters, rules.learning_rate, rules.betas, rules.weight_decay)
        self.ema = EMA(network)
        self.done = 0
        self.losses = torch.zeros(rules.steps, device=self.device)
        self._pinned = Pinned(self.device) if self.device.type == "cuda" else None
        self.feed = self._feed()
        if compilation.backend:
            compiled(network, compilation.backend)
            compiled(self.ema.average, compilation.backend)
        self.graph = self._graphed() if compilation.graph else None
        self.compilation = replace(compilation, graph=self.graph is not None)

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One optimiser step. Returns the loss, and the squared error of each example averaged over its dimensions."""
        loss, errors = self.backward(batch)
        update(self.parameters, self.optimiser, self.rules.clip_norm)
        return loss, errors

    def backward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Leave the gradients of the loss in the parameters. Returns what `step` does."""
        errors = squared_errors(self.network, batch, self.prediction, self.rules.precision)
        loss = weighted_mean(batch.factor, errors)
        loss.backward()
        return loss.detach(), errors.detach()

    def run(self, until: int, on_block: Callable[[int], None] = lambda done: None) -> None:
        """Train up to step `until`. Raises Diverged when a loss is not finite.

        The device is waited for once a block, not once a step.
        """
        while self.done < until:
            start = self.done
            with products(self.rules.precision, self.device):
                levels, errors = self._block(start // self.rules.block)
            if self.device.type != "cpu" and self.done < self.rules.steps:
                self.feed.ahead(self.done // self.rules.block)
            finite = torch.isfinite(self.losses[start : self.done])
            if not finite.all():
                raise Diverged(start + int(finite.int().argmin()) + 1, "the loss is not finite")
            self.levels.learn(levels, errors)
            on_block(self.done)

    def _block(self, index: int) -> tuple[NoiseLevels, Tensor]:
        """Queue the steps of a block. Returns its noise levels and the errors (steps, B)."""
        block, levels = self.feed.take(index)
        coming = range(self.done, self.done + len(block))
        if self.graph is not None:
            numbers = [(rates.learning_rate(self.rules, step), 1 - rates.decay(self.rules, step)) for step in coming]
            losses, errors = self.graph.run(block, torch.tensor(numbers))
            self.losses[self.done : coming.stop] = losses
            self.done = coming.stop
            return levels, errors
        measured = []
        for step, batch in zip(coming, block, strict=True):
            self.optimiser.param_groups[0]["lr"] = rates.learning_rate(self.rules, step)
            self.losses[step], error = self.step(batch)
            measured.append(error)
            self.ema.update(rates.decay(self.rules, step))
            self.done += 1
        return levels, torch.stack(measured)

    def state(self) -> dict[str, Tensor]:
        """Everything that the coming steps depend on; the random streams have no state."""
        optimiser = self.optimiser.state_by_row()
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
            self.optimiser.load_by_row(moments)
        self.levels.load_state({name: value.numpy() for name, value in parts.get("learned", {}).items()})

    def restart(self, weights: Mapping[str, Tensor], rules: Training, levels: NoiseLevelSource, seed: int) -> None:
        """Become the trainer of another run of this cell, in the same place and with what is compiled and captured.

        weights: the network's initial ones; rules: may differ in learning rate and average alone
        """
        if self.graph is None:
            raise ValueError("a trainer without a captured graph has nothing to be used again")
        self.rules, self.levels, self.streams = rules, levels, Streams(seed)
        self.network.load_state_dict(weights)
        self.ema.restart()
        self._forget()
        self.losses.zero_()
        self.done, self.feed = 0, self._feed()

    def _feed(self) -> Feed:
        return Feed(self.streams, self.rules, self.levels, self.data, self.classes, self.device, self._pinned)

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
        blank = StepBlock.blank((self.rules.block, self.rules.batch), shape, self.device)
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
