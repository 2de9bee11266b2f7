"""Training throughput of each track's network: the harness beside a bare loop, and a DiT beside diffusers' own.

    python tests/benchmarks/train_throughput.py [TRACK|NETWORK ...] [--device cuda] [--batch N] [--steps 20]
        [--rounds 5] [--precision fp32|tf32|bf16] [--compile auto|on|off] [--compile-others]
        [--peak TFLOPS] [--shape 4 32 32]

Without names every registered track, its network, batch and precision; NETWORK is dit-S/2 … dit-XL/8, dit-tiny,
unet-mnist or unet-cifar10 (batch 64 unless given). The loops take turns in one process, a stretch of steps each, on the
same white noise: the harness's Trainer; a loop written by hand around the same network (that of step_overhead.py); for
a DiT also diffusers' model of equal size where it is installed, DiTTransformer2DModel, with DDPMScheduler.add_noise,
AdamW and a moving average. All train in the same precision; --compile is the harness's, the others are eager unless
--compile-others.

Images per second are medians over rounds, after one that is not counted. Utilisation (MFU) is the network's own
operations, forward and backward as counted by torch.utils.flop_counter, over `--peak` TFLOP/s, else over the rate of a
large matrix product in the same process and precision. Element-wise work is not counted, so a network of small layers
cannot reach 1.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from step_overhead import bare_loop, drawn_by_hand
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.flop_counter import FlopCounterMode

from harness import tracks
from harness.data.dataset import Split
from harness.device import describe, resolve, wait_for
from harness.networks.dit import SIZES, DiT
from harness.networks.network import Network
from harness.networks.unet import unet
from harness.specs import Entry
from harness.tracks.track import Training
from harness.training.compilation import WISHES, Compilation, compilation, compiled
from harness.training.loop import Trainer
from harness.training.noise_levels import NoiseLevelSource
from harness.training.precision import casting, products

if TYPE_CHECKING:
    from diffusers import DiTTransformer2DModel

CLASSES, ROWS, BLOCK, BATCH = 10, 2048, 10, 64
PRECISIONS = ("fp32", "tf32", "bf16")
TINY = {"depth": 2, "hidden": 64, "heads": 2}


@dataclass(frozen=True)
class Case:
    """A network to time; batch and precision are the track's."""

    shape: tuple[int, ...]
    make: Callable[[], Network]
    batch: int = BATCH
    precision: str = "fp32"


def case(name: str, shape: tuple[int, ...] | None = None) -> Case:
    """A track's network, unet-CONFIGURATION, dit-tiny, or dit-SIZE/PATCH on 32×32×4."""
    kind, _, configuration = name.partition("-")
    if kind == "unet":
        shape = shape or (3 if configuration == "cifar10" else 1, 32, 32)
        return Case(shape, lambda: unet(shape, CLASSES, configuration))
    if kind == "dit":
        size, _, patch = configuration.partition("/")
        options = {**TINY, "patch": 4} if size == "tiny" else {**SIZES[size], "patch": int(patch)}
        shape = shape or (4, 32, 32)
        return Case(shape, lambda: DiT(shape, CLASSES, **options))
    track = tracks.get(name)
    shape = shape or tuple(tracks.card(name).get("shape") or track.data().shape)
    return Case(shape, lambda: track.network(shape, CLASSES), track.training.batch, track.training.precision)


def transformer(network: Network, shape: tuple[int, ...]) -> DiTTransformer2DModel | None:
    """diffusers' DiT of the size of ours; None for another network, and with a line where diffusers is not here."""
    if not isinstance(network, DiT):
        return None
    if importlib.util.find_spec("diffusers") is None:
        print("diffusers is not installed")
        return None
    from diffusers import DiTTransformer2DModel

    heads, hidden = network.blocks[0].heads, network.into.out_features
    return DiTTransformer2DModel(
        num_attention_heads=heads,
        attention_head_dim=hidden // heads,
        in_channels=shape[0],
        num_layers=len(network.blocks),
        sample_size=shape[1],
        patch_size=network.patch,
        num_embeds_ada_norm=CLASSES,
    )


def operations(model: nn.Module, *example: torch.Tensor, backward: bool = True, **more: torch.Tensor) -> float:
    """Floating-point operations of one forward and backward pass, per image."""
    with FlopCounterMode(display=False) as counter, contextlib.nullcontext() if backward else torch.no_grad():
        output = model(*example, **more)
        if backward:
            (output if isinstance(output, torch.Tensor) else output.sample).square().mean().backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() / len(example[0])


def matmul_rate(device: torch.device, precision: str) -> float:
    """FLOP/s of a large matrix product, the best of five."""
    side = 8192 if device.type == "cuda" else 1024
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    with products(precision, device):
        return max(2 * side**3 / seconds(lambda: left @ right, device) for _ in range(5))


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall time of `work` on the device."""
    wait_for(device)
    started = time.perf_counter()
    work()
    wait_for(device)
    return time.perf_counter() - started


def random_images(shape: tuple[int, ...], device: torch.device) -> Split:
    """White noise in the place of data."""
    rows = torch.arange(ROWS, device=device)
    return Split(torch.randn(ROWS, *shape, device=device), rows % CLASSES, rows)


def trainer_of(
    chosen: Case, data: Split, rules: Training, device: torch.device, how: Compilation | None = None
) -> Trainer:
    """The harness's trainer of the network, predicting v."""
    schedule, weighting = Entry.of("laplace").make()
    levels = NoiseLevelSource(schedule, weighting, "v", rules.logsnr_range)
    return Trainer(chosen.make().to(device), rules, data, CLASSES, "v", levels, 0, how or Compilation())


class DiffusersLoop:
    """Training as diffusers' examples write it: timesteps, add_noise, the error of ε, AdamW, a moving average."""

    def __init__(self, model: nn.Module, data: Split, batch: int, cast: Callable) -> None:
        self.model, self.data, self.batch, self.cast = model, data, batch, cast
        from diffusers import DDPMScheduler

        self.scheduler = DDPMScheduler(num_train_timesteps=1000)
        self.weights = list(self.model.parameters())
        self.averages = [weight.detach().clone() for weight in self.weights]
        self.optimiser = torch.optim.AdamW(self.weights, lr=1e-4, fused=True)

    def run(self, steps: int) -> None:
        device, averaged = self.data.x.device, get_ema_multi_avg_fn(0.999)
        for _ in range(steps):
            rows = torch.randint(ROWS, (self.batch,), device=device)
            x0, label = self.data.x[rows], self.data.labels[rows]
            eps, timestep = torch.randn_like(x0), torch.randint(1000, (self.batch,), device=device)
            x = self.scheduler.add_noise(x0, eps, timestep)
            with self.cast():
                output = self.model(x, timestep=timestep, class_labels=label).sample
            F.mse_loss(output.float(), eps).backward()
            torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            with torch.no_grad():
                averaged(self.averages, self.weights, None)


def in_turns(loops: dict[str, Callable[[], object]], rounds: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of each loop's stretches, those of the first round left out."""
    taken: dict[str, list[float]] = {loop: [] for loop in loops}
    for turn in range(rounds + 1):
        for loop in list(loops)[:: 1 if turn % 2 else -1]:
            taken[loop].append(seconds(loops[loop], device))
    return {loop: times[1:] for loop, times in taken.items()}


def show(name: str, taken: dict[str, list[float]], images: int, cost: dict[str, float], peak: float) -> None:
    """A line for each loop. images: of a stretch; cost: operations of an image"""
    ours = next(iter(taken.values()))
    for loop, times in taken.items():
        rate = images / statistics.median(times)
        against = statistics.median(a / b for a, b in zip(ours, times, strict=True))
        print(
            f"{name:14} {loop:10} {cost[loop] / 1e9:9.3f} GFLOP an image {rate:10.1f} images/s "
            f"utilisation {rate * cost[loop] / peak:6.1%}  harness ÷ this, time {against:.3f}",
            flush=True,
        )


def measure(name: str, options: argparse.Namespace, device: torch.device, how: Compilation) -> None:
    """Time the loops of one network in turns and print a line for each."""
    chosen = case(name, options.shape)
    batch, steps = options.batch or chosen.batch, options.steps
    precision = options.precision or chosen.precision
    data, cast = random_images(chosen.shape, device), functools.partial(casting, precision, device)
    few = {"learning_rate": 1e-4, "warmup_steps": 1, "ema_decay": 0.999, "block": BLOCK}
    rules = Training(steps=steps * (options.rounds + 1), batch=batch, precision=precision, **few)
    ours, bare = trainer_of(chosen, data, rules, device, how), trainer_of(chosen, data, rules, device)
    counted = chosen.make().to(device)
    x, label, level = data.x[:batch], data.labels[:batch], torch.zeros(batch, device=device)
    count = operations(counted, x, level, label)
    cost = {"harness": count, "by hand": count}
    loops: dict[str, Callable[[], object]] = {
        "harness": lambda: ours.run(ours.done + steps),
        "by hand": lambda: bare_loop(bare, drawn_by_hand(bare, steps), bare.rules.ema_decay, cast),
    }
    theirs = transformer(counted, chosen.shape)
    if theirs is not None:
        model = theirs.to(device)
        cost["diffusers"] = operations(model, x, timestep=label, class_labels=label)
        loop = DiffusersLoop(model, data, batch, cast)
        loops["diffusers"] = lambda: loop.run(steps)
    if options.compile_others:
        compiled(bare.network, "inductor")
        if theirs is not None:
            theirs.compile(backend="inductor")
    peak = options.peak * 1e12 if options.peak else matmul_rate(device, precision)
    size = sum(weight.numel() for weight in counted.parameters()) / 1e6
    print(f"{name}: {size:.2f} M, batch {batch}, {precision}, {ours.compilation}, peak {peak / 1e12:.2f} TFLOP/s")
    for note in ours.notes:
        print(f"  {note}")
    with products(precision, device):
        show(name, in_turns(loops, options.rounds, device), batch * steps, cost, peak)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """The options of both measurements of throughput."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="tracks or networks; every track without any")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5, help="stretches of each loop, after one that is not counted")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--precision", choices=PRECISIONS)
    parser.add_argument("--compile", choices=WISHES, default="auto")
    parser.add_argument("--compile-others", action="store_true", help="compile what the harness is compared with")
    parser.add_argument("--peak", type=float, help="TFLOP/s of the device; measured when not given")
    parser.add_argument("--shape", type=int, nargs="+", help="of the data, where a track's are not prepared here")
    return parser


def set_up(options: argparse.Namespace) -> tuple[torch.device, Compilation]:
    """The device and what is compiled on it, named in a first line."""
    device = torch.device(resolve(options.device))
    if device.type == "cpu":
        torch.set_num_threads(1)
    options.shape = tuple(options.shape) if options.shape else None
    print(f"{describe(str(device))}, torch {torch.__version__}")
    return device, compilation(options.compile, device)


def each(options: argparse.Namespace, measure: Callable[..., None]) -> None:
    """Measure every network that is asked for, one after another."""
    device, how = set_up(options)
    for name in options.names or tracks.names():
        measure(name, options, device, how)
        gc.collect()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--steps", type=int, default=BLOCK, help=f"of a stretch, a multiple of {BLOCK}")
    options = parser.parse_args()
    if options.steps % BLOCK:
        parser.error(f"--steps {options.steps}: expected a multiple of {BLOCK}")
    each(options, measure)


if __name__ == "__main__":
    main()
