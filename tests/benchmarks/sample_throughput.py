"""Sampling throughput of each track's network: the harness's DDIM with guidance beside a bare loop and diffusers'.

    python tests/benchmarks/sample_throughput.py [TRACK|NETWORK ...] [--device cuda] [--batch 512] [--guidance 1.5]
        [--sampler-steps 10] [--rounds 5] [--precision fp32|tf32|bf16] [--compile auto|on|off] [--compile-others]

Names and columns as train_throughput.py; a sample's operations are its network's forward passes, two a step with
guidance. The loops take turns in one process on the same noise: the harness (`harness.sampling.ddim` on the averaged
copy, as runs are scored); a loop written by hand around the same network's forward pass; for a DiT also diffusers'
model of equal size, where it is installed, with its DDIMScheduler, the way its DiT pipeline guides.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from train_throughput import (
    CLASSES,
    case,
    each,
    in_turns,
    matmul_rate,
    operations,
    parser_of,
    random_images,
    show,
    trainer_of,
    transformer,
)

import schedules
from harness.networks.network import Network
from harness.sampling.ddim import ddim, logsnr_grid
from harness.tracks.track import Training
from harness.training.compilation import Compilation, compiled
from harness.training.precision import casting, products

BATCH = 512


@torch.inference_mode()
def by_hand(
    network: Network, noise: Tensor, label: Tensor, grid: list[float], guidance: float, cast: Callable
) -> Tensor:
    """DDIM of a v-network as one would write it."""
    x, size = noise, len(noise)
    both = torch.cat([label, torch.full_like(label, CLASSES)])
    for step, level in enumerate(grid):
        logsnr = torch.full((2 * size,), level, device=x.device)
        with cast():
            labelled, unlabelled = network(torch.cat([x, x]), logsnr, both).float().chunk(2)
        v = unlabelled + guidance * (labelled - unlabelled)
        alpha, sigma = torch.sigmoid(logsnr[0]).sqrt(), torch.sigmoid(-logsnr[0]).sqrt()
        x0, eps = alpha * x - sigma * v, sigma * x + alpha * v
        if step + 1 == len(grid):
            break
        following = torch.tensor(grid[step + 1], device=x.device)
        x = torch.sigmoid(following).sqrt() * x0 + torch.sigmoid(-following).sqrt() * eps
    return x0


@torch.inference_mode()
def of_diffusers(model: nn.Module, noise: Tensor, label: Tensor, steps: int, guidance: float, cast: Callable) -> Tensor:
    """DDIM as diffusers' DiTPipeline does it."""
    from diffusers import DDIMScheduler

    scheduler, x, size = DDIMScheduler(num_train_timesteps=1000), noise, len(noise)
    scheduler.set_timesteps(steps)
    both = torch.cat([label, torch.full_like(label, CLASSES)])
    for timestep in scheduler.timesteps:
        at = timestep.to(x.device).expand(2 * size)
        with cast():
            labelled, unlabelled = model(torch.cat([x, x]), timestep=at, class_labels=both).sample.float().chunk(2)
        x = scheduler.step(unlabelled + guidance * (labelled - unlabelled), timestep, x).prev_sample
    return x


def measure(name: str, options: argparse.Namespace, device: torch.device, how: Compilation) -> None:
    """Time the loops of one network in turns and print a line for each."""
    chosen = case(name, options.shape)
    batch, steps, guidance = options.batch or BATCH, options.sampler_steps, options.guidance
    precision = options.precision or chosen.precision
    data, cast = random_images(chosen.shape, device), functools.partial(casting, precision, device)
    few = {"learning_rate": 1e-4, "warmup_steps": 1, "ema_decay": 0.999}
    rules = Training(steps=25, batch=8, precision=precision, **few)
    ours = trainer_of(chosen, data, rules, device, Compilation(how.backend)).ema.average
    bare = trainer_of(chosen, data, rules.model_copy(update={"precision": "fp32"}), device).ema.average
    noise, label = torch.randn(batch, *chosen.shape, device=device), torch.arange(batch, device=device) % CLASSES
    grid = logsnr_grid(schedules.create("cosine"), steps, (-7.0, 7.0))
    passes = 2 * steps
    level = torch.zeros(8, device=device)
    count = passes * operations(bare, data.x[:8], level, data.labels[:8], backward=False)
    cost = {"harness": count, "by hand": count}
    loops: dict[str, Callable[[], object]] = {
        "harness": lambda: ddim(ours.sampler(), "v", noise, label, grid, guidance, no_label=CLASSES),
        "by hand": lambda: by_hand(bare, noise, label, grid.tolist(), guidance, cast),
    }
    theirs = transformer(bare, chosen.shape)
    if theirs is not None:
        model = theirs.to(device).eval()
        classes = data.labels[:8]
        cost["diffusers"] = passes * operations(
            model, data.x[:8], timestep=classes, class_labels=classes, backward=False
        )
        loops["diffusers"] = lambda: of_diffusers(model, noise, label, steps, guidance, cast)
    if options.compile_others:
        compiled(bare, "inductor")
        if theirs is not None:
            theirs.compile(backend="inductor")
    peak = options.peak * 1e12 if options.peak else matmul_rate(device, precision)
    print(f"{name}: {batch} at a time, {steps} steps, guidance {guidance:g}, {precision}, {Compilation(how.backend)}")
    with products(precision, device):
        show(name, in_turns(loops, options.rounds, device), batch, cost, peak)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--sampler-steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=1.5)
    options = parser.parse_args()
    each(options, measure)


if __name__ == "__main__":
    main()
