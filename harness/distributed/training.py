"""One run on several processes, and gradients accumulated over parts of a batch.

Every process draws the same global batch and takes its rows of it, so the random streams know nothing of how many
processes there are. With B the global batch and R the processes, process r computes

    g_r = R · ∇ Σ_{i ∈ rows of r} k(λ_i) ‖T_i − T̂_i‖² / B        in as many parts as its memory asks for

and DistributedDataParallel averages g_r over processes: the gradient of the global loss, which is then clipped by its
norm. The squared errors of all rows are gathered: every process has the same losses, so that divergence is seen by all
at the same step, and a schedule that learns is told the whole batch.

Processes are started by `harness.execution.processes.torchrun`, and talk over NCCL on CUDA and Gloo elsewhere.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from harness.evaluation.drawing import silent
from harness.evaluation.scores import Scores
from harness.networks.network import Network
from harness.runs.progress import Checkpoints, Progress
from harness.runs.run import Bench
from harness.sampling.share import WHOLE, Share, over_processes
from harness.specs import RunSpec
from harness.tracks.track import Track
from harness.training.batches import Batch
from harness.training.checkpoint import Checkpoint
from harness.training.loop import Diverged, Trainer
from harness.training.precision import casting
from harness.training.step import squared_errors, weighted_mean


@dataclass(frozen=True)
class Team:
    """The processes of a run. rank: this one's number; size: how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """This process's part of `count` rows, which are a multiple of the number of processes."""
        part, rest = divmod(count, self.size)
        if rest:
            raise ValueError(f"{count} rows are no multiple of {self.size} processes")
        return slice(self.rank * part, (self.rank + 1) * part)

    def gather(self, part: Tensor) -> Tensor:
        """All rows, (size · n, *) on every process, from each process's `rows`, (n, *)."""
        if self.size == 1:
            return part
        parts = [torch.empty_like(part) for _ in range(self.size)]
        distributed.all_gather(parts, part)
        return torch.cat(parts)

    def agreed(self, value: Any) -> Any:
        """The first process's value, on every process."""
        if self.size == 1:
            return value
        shared = [value]
        distributed.broadcast_object_list(shared, src=0)
        return shared[0]

    def least(self, value: int) -> int:
        """The smallest of all processes' values."""
        if self.size == 1:
            return value
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return int(min(values))


@contextlib.contextmanager
def team(device: torch.device) -> Iterator[Team]:
    """The processes that torchrun started this one among."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Team(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def own_device(device: str) -> torch.device:
    """This process's device: its own GPU of this machine where there are any."""
    return torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if device.startswith("cuda") else device)


class TeamTrainer(Trainer):
    """A trainer whose batch is split over processes and parts.

    micro_batch: rows that a process takes at once; None for all of its share, or on a GPU as many of them as fit
    """

    def __init__(self, team: Team, micro_batch: int | None, network: Network, *arguments: Any, **more: Any) -> None:
        super().__init__(network, *arguments, **more)
        self.team = team
        share = len(range(self.rules.batch)[team.rows(self.rules.batch)])
        self.micro_batch = micro_batch or team.least(
            fitting(network, share, tuple(self.data.x.shape[1:]), self.rules.precision)
        )
        self.shared: nn.Module = network
        if team.size > 1:
            self.shared = DistributedDataParallel(network)

    def backward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Leave the gradients of the global batch's loss in the parameters; every process returns the same."""
        count = len(batch.x0)
        mine = batch.rows(self.team.rows(count))
        starts = range(0, len(mine.x0), self.micro_batch)
        errors = []
        for start in starts:
            part = mine.rows(slice(start, start + self.micro_batch))
            with self._synchronised(start == starts[-1]):
                error = squared_errors(self.shared, part, self.prediction, self.rules.precision)
                weighted_mean(part.factor, error, count / self.team.size).backward()
            errors.append(error.detach())
        every = self.team.gather(torch.cat(errors))
        return weighted_mean(batch.factor, every), every

    def _synchronised(self, last: bool) -> AbstractContextManager[Any]:
        """Gradients are averaged over processes once a step, after the last part."""
        if last or not isinstance(self.shared, DistributedDataParallel):
            return contextlib.nullcontext()
        return self.shared.no_sync()


class TeamBench(Bench):
    """A bench whose trainers and evaluations are shared by a team, and of which only the first process writes."""

    def __init__(self, track: Track, device: torch.device, team: Team, micro_batch: int | None = None) -> None:
        super().__init__(track, device)
        self.team, self.micro_batch = team, micro_batch

    def trainer(self, spec: RunSpec, make: Callable[..., Trainer] = Trainer) -> Trainer:
        """A fresh trainer for a run."""
        return super().trainer(spec, partial(TeamTrainer, self.team, self.micro_batch))

    def score(
        self,
        trainer: Trainer,
        spec: RunSpec,
        mark: float,
        network: Network | None = None,
        pulse: Callable[[], None] = silent,
        share: Share = WHOLE,
    ) -> Scores:
        """The scores of the averaged weights; each process draws a part of the samples.

        Where these are fewer chunks than there are processes, every process draws them all. Whether it diverged is
        the first process's word.
        """
        if 1 < self.team.size <= self.evaluator.draw.chunks:
            share = over_processes()
        scores, end = Scores(), None
        try:
            scores = super().score(trainer, spec, mark, network, pulse, share)
        except Diverged as diverged:
            end = diverged.step, diverged.reason
        scores.values, end = self.team.agreed((scores.values, end))
        if end is not None:
            raise Diverged(*end)
        return scores

    def checkpoints(self, folder: Path | None) -> Checkpoints:
        """The run's checkpoints, which all processes read and the first one writes."""
        return TeamCheckpoints(folder, self.team)


class TeamCheckpoints(Checkpoints):
    """Checkpoints of a run on several processes."""

    def __init__(self, folder: Path | None, team: Team) -> None:
        super().__init__(folder)
        self.team = team

    def load(self) -> Checkpoint | None:
        """The one that the first process finds whole, on every process."""
        checkpoint = super().load() if self.team.leads else None
        if self.team.agreed(checkpoint is not None) and not self.team.leads:
            checkpoint = super().load()  # what was damaged is gone
        return checkpoint

    def due(self) -> bool:
        return self.team.leads and super().due()

    def save(self, step: int, tensors: Any, progress: Progress) -> None:
        if self.team.leads:
            super().save(step, tensors, progress)


def fitting(network: Network, rows: int, shape: tuple[int, ...], precision: str = "fp32") -> int:
    """Rows, at most `rows`, that a forward and backward fit on the network's device: halved until they do.

    The optimiser's two moments and the average of the weights are held meanwhile, as they will be in training. Not on a
    GPU it is `rows`.
    """
    parameters = list(network.parameters())
    device = parameters[0].device
    if device.type != "cuda":
        return rows
    while True:
        try:
            held = [torch.empty_like(parameter) for parameter in parameters for _ in range(2)]
            x, label = torch.zeros(rows, *shape, device=device), torch.zeros(rows, dtype=torch.long, device=device)
            with casting(precision, device):
                output = network(x, torch.zeros(rows, device=device), label)
            output.float().square().mean().backward()
            del held
            return rows
        except torch.cuda.OutOfMemoryError:
            if rows == 1:
                raise
            rows = -(-rows // 2)
        finally:
            network.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
