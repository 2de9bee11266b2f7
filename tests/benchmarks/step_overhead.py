"""What the harness adds to a training step: its step against a bare PyTorch loop of the same network and batch.

    python tests/benchmarks/step_overhead.py [--track digits-v1] [--rounds 10] [--device cpu]

Three loops take turns in one process, a block of steps each, with the same arithmetic: forward, weighted loss,
backward, clipping, AdamW, moving average. One is the harness; one is written by hand and draws rows, noise and λ in
plain torch, step by step; the last finds all its batches ready in memory, which no real training does. Medians over
rounds; the target is a ratio ≤ 1.05 to the loop written by hand.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from harness import tracks
from harness.device import resolve
from harness.runs.run import Bench
from harness.specs import Entry, RunSpec
from harness.training.batches import Batch
from harness.training.loop import Trainer


def drawn_by_hand(trainer: Trainer, steps: int) -> Iterator[Batch]:
    """Batches as one would draw them in a training script: Laplace λ, a tenth of the labels dropped."""
    data, size = trainer.data, trainer.rules.batch
    per_example = (size, *(1 for _ in data.x.shape[1:]))
    for _ in range(steps):
        rows = torch.randint(len(data.x), (size,), device=data.x.device)
        x0, label = data.x[rows], data.labels[rows]
        label = torch.where(torch.rand(size, device=label.device) < 0.1, trainer.classes, label)
        centred = torch.rand(size, device=x0.device) - 0.5
        logsnr = -0.5 * centred.sign() * torch.log1p(-2 * centred.abs()).clamp(-20, 20)
        alpha, sigma = logsnr.sigmoid().sqrt().view(per_example), (-logsnr).sigmoid().sqrt().view(per_example)
        yield Batch(x0, torch.randn_like(x0), label, logsnr, alpha, sigma, torch.ones_like(logsnr))


def bare_loop(
    trainer: Trainer,
    prepared: Iterable[Batch],
    decay: float,
    cast: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> None:
    """A loop as one would write it by hand, v-target. cast: context of the network's forward pass"""
    network, optimiser, averaged = trainer.network, trainer.optimiser, get_ema_multi_avg_fn(decay)
    weights, averages = list(network.parameters()), list(trainer.ema.average.parameters())
    for batch in prepared:
        x = batch.alpha * batch.x0 + batch.sigma * batch.eps
        v = batch.alpha * batch.eps - batch.sigma * batch.x0
        with cast():
            output = network(x, batch.logsnr, batch.label)
        error = (output - v).square().flatten(1).mean(dim=1)
        (batch.factor * error).mean().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            averaged(averages, weights, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", default="digits-v1", choices=tracks.names())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(resolve(options.device))
    place = Bench(tracks.get(options.track), device)
    spec = RunSpec(track=options.track, target="v", entry=Entry.of("laplace"), seed=0)
    harness, bare = place.trainer(spec), place.trainer(spec)
    total = (options.rounds + 1) * options.steps
    harness.losses = torch.zeros(total, device=device)
    block = harness.rules.block
    prepared = []
    for index in range(options.steps // block):
        prepared += list(harness.feed.take(index)[0])

    def timed(work) -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return 1000 * (time.perf_counter() - started) / options.steps

    decay = harness.rules.ema_decay
    loops = {
        "harness": lambda: harness.run(harness.done + options.steps),
        "by hand": lambda: bare_loop(bare, drawn_by_hand(bare, options.steps), decay),
        "batches ready": lambda: bare_loop(bare, prepared, decay),
    }
    times: dict[str, list[float]] = {name: [] for name in loops}
    for turn in range(options.rounds + 1):
        for name in list(loops)[:: 1 if turn % 2 else -1]:
            times[name].append(timed(loops[name]))
    ours = times["harness"][1:]
    for name, theirs in times.items():
        ratio = statistics.median(a / b for a, b in zip(ours, theirs[1:], strict=True))
        print(f"{name:14} {statistics.median(theirs[1:]):6.2f} ms a step, harness ÷ this {ratio:.3f}")


if __name__ == "__main__":
    main()
