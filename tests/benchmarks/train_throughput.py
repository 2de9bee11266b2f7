"""Training throughput of each network: the harness beside a bare loop, and DiT beside diffusers' own.

    python tests/benchmarks/train_throughput.py [--device cuda] [--steps 20] [--batch 64] [--rounds 5]
        [--networks mlp dit-tiny dit-S/2 unet-mnist unet-cifar10]

For each network the loops take turns in one process, a stretch of steps each, on the same random images: the harness's
Trainer; a loop written by hand around the same network (that of step_overhead.py); for a DiT also diffusers' model of
equal size, DiTTransformer2DModel, with DDPMScheduler.add_noise, AdamW and a moving average. All train in float32, with
TF32 where the device has it.

Images per second are medians over rounds. Utilisation is the network's own operations, forward and backward as counted
by torch.utils.flop_counter, over the rate of a large matrix product in the same process, or over `--peak` TFLOP/s.
Element-wise work is not counted, so a network of small layers cannot reach 1.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers import DDPMScheduler, DiTTransformer2DModel
from step_overhead import bare_loop, drawn_by_hand
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from harness.data.dataset import Split
from harness.device import describe, resolve
from harness.networks.dit import SIZES, DiT
from harness.networks.mlp import ResidualMLP
from harness.networks.network import Network
from harness.networks.unet import unet
from harness.specs import Entry
from harness.tracks.track import Training
from harness.training.loop import Trainer
from harness.training.noise_levels import NoiseLevelSource

CLASSES, ROWS, BLOCK = 10, 2048, 10
TINY = {"depth": 2, "hidden": 64, "heads": 2}


@dataclass(frozen=True)
class Case:
    """A network to time; `transformer` is what diffusers' DiT of the same size is made of."""

    shape: tuple[int, ...]
    make: Callable[[], Network]
    transformer: dict[str, int] | None = None


def case(name: str) -> Case:
    """mlp, unet-CONFIGURATION, dit-tiny, or dit-SIZE/PATCH on 32×32×4."""
    kind, _, configuration = name.partition("-")
    if kind == "mlp":
        options = {"width": 160, "blocks": 3, "condition": 64}
        return Case((1, 10, 10), lambda: ResidualMLP((1, 10, 10), CLASSES, **options))
    if kind == "unet":
        shape = (3 if configuration == "cifar10" else 1, 32, 32)
        return Case(shape, lambda: unet(shape, CLASSES, configuration))
    size, _, patch = configuration.partition("/")
    options = {**TINY, "patch": 4} if size == "tiny" else {**SIZES[size], "patch": int(patch)}
    return Case((4, 32, 32), lambda: DiT((4, 32, 32), CLASSES, **options), options)


def operations(model: nn.Module, *example: torch.Tensor, **more: torch.Tensor) -> float:
    """Floating-point operations of one forward and backward pass, per image."""
    with FlopCounterMode(display=False) as counter:
        output = model(*example, **more)
        (output if isinstance(output, torch.Tensor) else output.sample).square().mean().backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() / len(example[0])


def matmul_rate(device: torch.device) -> float:
    """FLOP/s of a large float32 matrix product, the best of five."""
    side = 8192 if device.type == "cuda" else 1024
    left, right, best = torch.randn(side, side, device=device), torch.randn(side, side, device=device), 0.0
    for _ in range(5):
        best = max(best, 2 * side**3 / seconds(lambda: left @ right, device))
    return best


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time of `work` on the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def random_images(shape: tuple[int, ...], device: torch.device) -> Split:
    """White noise in the place of data."""
    rows = torch.arange(ROWS, device=device)
    return Split(torch.randn(ROWS, *shape, device=device), rows % CLASSES, rows)


def trainer_of(chosen: Case, data: Split, batch: int, device: torch.device) -> Trainer:
    """The harness's trainer of the network, predicting v."""
    rules = Training(steps=1, batch=batch, learning_rate=1e-4, warmup_steps=1, ema_decay=0.999, block=BLOCK)
    schedule, weighting = Entry.of("laplace").make()
    levels = NoiseLevelSource(schedule, weighting, "v", rules.logsnr_range)
    return Trainer(chosen.make().to(device), rules, data, CLASSES, "v", levels, seed=0)


class DiffusersLoop:
    """Training as diffusers' examples write it: timesteps, add_noise, the error of ε, AdamW, a moving average."""

    def __init__(self, chosen: Case, data: Split, batch: int, device: torch.device) -> None:
        assert chosen.transformer is not None
        heads, hidden = chosen.transformer["heads"], chosen.transformer["hidden"]
        self.model = DiTTransformer2DModel(
            num_attention_heads=heads,
            attention_head_dim=hidden // heads,
            in_channels=chosen.shape[0],
            num_layers=chosen.transformer["depth"],
            sample_size=chosen.shape[1],
            patch_size=chosen.transformer["patch"],
            num_embeds_ada_norm=CLASSES,
        ).to(device)
        self.data, self.batch, self.scheduler = data, batch, DDPMScheduler(num_train_timesteps=1000)
        self.weights = list(self.model.parameters())
        self.averages = [weight.detach().clone() for weight in self.weights]
        self.optimiser = torch.optim.AdamW(self.weights, lr=1e-4, fused=True)

    def run(self, steps: int) -> None:
        device = self.data.x.device
        for _ in range(steps):
            rows = torch.randint(ROWS, (self.batch,), device=device)
            x0, label = self.data.x[rows], self.data.labels[rows]
            eps, timestep = torch.randn_like(x0), torch.randint(1000, (self.batch,), device=device)
            x = self.scheduler.add_noise(x0, eps, timestep)
            F.mse_loss(self.model(x, timestep=timestep, class_labels=label).sample, eps).backward()
            torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            with torch.no_grad():
                torch._foreach_lerp_(self.averages, self.weights, 0.001)


def measure(name: str, options: argparse.Namespace, device: torch.device, peak: float) -> None:
    """Time the loops of one network in turns and print a line for each."""
    chosen = case(name)
    data, batch, steps = random_images(chosen.shape, device), options.batch, options.steps
    ours, bare = (trainer_of(chosen, data, batch, device) for _ in range(2))
    ours.losses = torch.zeros(steps * (options.rounds + 1), device=device)
    loops: dict[str, Callable[[], None]] = {
        "harness": lambda: ours.run(ours.done + steps),
        "by hand": lambda: bare_loop(bare, drawn_by_hand(bare, steps), bare.rules.ema_decay),
    }
    models: dict[str, nn.Module] = {"harness": ours.network, "by hand": bare.network}
    x, label, time_like = data.x[:batch], data.labels[:batch], torch.zeros(batch, device=device)
    count = operations(ours.network, x, time_like, label)
    cost = {"harness": count, "by hand": count}
    if chosen.transformer is not None:
        theirs = DiffusersLoop(chosen, data, batch, device)
        loops["diffusers"] = lambda: theirs.run(steps)
        models["diffusers"] = theirs.model
        cost["diffusers"] = operations(theirs.model, x, timestep=label, class_labels=label)
    taken: dict[str, list[float]] = {loop: [] for loop in loops}
    for turn in range(options.rounds + 1):
        for loop in list(loops)[:: 1 if turn % 2 else -1]:
            taken[loop].append(seconds(loops[loop], device))
    for loop, times in taken.items():
        rate = batch * steps / statistics.median(times[1:])
        size = sum(weight.numel() for weight in models[loop].parameters()) / 1e6
        against = statistics.median(a / b for a, b in zip(taken["harness"][1:], times[1:], strict=True))
        print(
            f"{name:14} {loop:10} {size:8.2f} M {cost[loop] / 1e9:9.3f} GFLOP an image {rate:10.1f} images/s "
            f"utilisation {rate * cost[loop] / peak:6.1%}  harness ÷ this, time {against:.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["mlp", "dit-tiny", "unet-mnist"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=BLOCK, help=f"of a stretch, a multiple of {BLOCK}")
    parser.add_argument("--rounds", type=int, default=5, help="stretches of each loop, after one that is not counted")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--peak", type=float, help="TFLOP/s of the device; measured when not given")
    options = parser.parse_args()
    if options.steps % BLOCK:
        parser.error(f"--steps {options.steps}: expected a multiple of {BLOCK}")
    device = torch.device(resolve(options.device))
    if device.type == "cpu":
        torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    peak = options.peak * 1e12 if options.peak else matmul_rate(device)
    print(f"{describe(str(device))}, torch {torch.__version__}, batch {options.batch}, peak {peak / 1e12:.2f} TFLOP/s")
    for name in options.networks:
        measure(name, options, device, peak)
        gc.collect()


if __name__ == "__main__":
    main()
