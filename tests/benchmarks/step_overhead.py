"""What the harness adds to a training step: its step against a bare PyTorch loop of the same network and batch.

    python tests/benchmarks/step_overhead.py [--track digits-v1] [--rounds 10] [--device cpu]

Both take turns in one process, a block of steps each, and do the same arithmetic: forward, weighted loss, backward,
clipping, AdamW, moving average. The bare loop has its batches ready beforehand; the harness draws its random numbers,
noise levels and data rows as part of what is measured. The median over rounds is printed; target ≤ 1.05.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from harness import tracks
from harness.device import resolve
from harness.run import Bench
from harness.specs import Entry, RunSpec
from harness.training.loop import Trainer, batches


def bare_loop(trainer: Trainer, prepared: list, decay: float) -> None:
    """A loop as one would write it by hand, v-target, on batches that are ready."""
    network, optimiser = trainer.network, trainer.optimiser
    weights, averages = list(network.parameters()), list(trainer.ema.average.parameters())
    for batch in prepared:
        x = batch.alpha * batch.x0 + batch.sigma * batch.eps
        v = batch.alpha * batch.eps - batch.sigma * batch.x0
        error = (network(x, batch.logsnr, batch.label) - v).square().flatten(1).mean(dim=1)
        (batch.factor * error).mean().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - decay)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", default="digits-v1", choices=tracks.names())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = resolve(options.device)
    place = Bench(tracks.get(options.track), device)
    spec = RunSpec(track=options.track, target="v", entry=Entry.of("laplace"), seed=0)
    harness, bare = place.trainer(spec), place.trainer(spec)
    total = (options.rounds + 1) * options.steps
    harness.losses = torch.zeros(total, device=device)
    block = harness.rules.block
    prepared = []
    for index in range(options.steps // block):
        prepared += list(batches(harness._draw(index), harness.data, harness.classes))

    def timed(work) -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return 1000 * (time.perf_counter() - started) / options.steps

    ours, theirs = [], []
    for turn in range(options.rounds + 1):
        pair = [
            (ours, lambda: harness.run(harness.done + options.steps)),
            (theirs, lambda: bare_loop(bare, prepared, harness.rules.ema_decay)),
        ]
        for times, work in pair if turn % 2 else reversed(pair):
            times.append(timed(work))
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    print(f"{options.track} on {device}: harness {statistics.median(ours[1:]):.2f} ms a step,")
    print(f"bare loop {statistics.median(theirs[1:]):.2f} ms, ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
