"""Runs per hour, stacked against one by one, by N: the same runs, steps and evaluations, side by side in one process.

    python tests/benchmarks/stacked.py [--track digits-v1] [--sizes 1 2 4 8] [--steps 100] [--rounds 3] [--device cpu]

On a CPU it counts processor time of the process, which other work on the machine disturbs less than it does the clock;
on a GPU the clock. `training` is the steps alone; `runs` adds the evaluations of a run, at the proportion that the
track's full budget has.

digits-v1 on one thread of an AMD EPYC that had other work, `--without-evaluation`, medians of three rounds:

    N = 1     747 →  566 runs per hour of processor time   ×0.74
    N = 2     768 →  687                                   ×0.93
    N = 4     725 →  800                                   ×1.12
    N = 8     700 →  854                                   ×1.20

Evaluation takes that back: four runs of 100 steps with all their evaluations took 25.1 s one by one and 26.7 s stacked
(×0.94), and on gmm-v1 5.9 s and 5.4 s (×1.09). So on a CPU `--stack auto` is 1. A GPU is unmeasured:

    python tests/benchmarks/stacked.py --device cuda --sizes 1 8 32 64
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from harness import rendezvous, tracks
from harness.device import resolve
from harness.run import Bench
from harness.specs import Entry, RunSpec
from harness.training.loop import Trainer
from harness.training.stacked import StackedTrainer

SCHEDULES = ("cosine", "laplace", "edm", "cauchy")


def runs_of(track: str, count: int) -> list[RunSpec]:
    """Four schedules on as many seeds as it takes."""
    return [
        RunSpec(track=track, target="v", entry=Entry.of(SCHEDULES[number % 4]), seed=number // 4)
        for number in range(count)
    ]


def timer(device: torch.device) -> Callable[[Callable[[], object]], float]:
    """Seconds that something takes: of the processor, or on a GPU of the clock."""

    def on_cpu(work: Callable[[], object]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    def on_gpu(work: Callable[[], object]) -> float:
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        return time.perf_counter() - started

    return on_gpu if device.type == "cuda" else on_cpu


def seconds(place: Bench, count: int, steps: int, marks: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """(training, evaluation) of `count` runs one by one, and stacked; evaluation at all `marks`."""
    timed, specs, block = timer(place.device), runs_of(place.track.name, count), place.track.training.block
    alone: list[Trainer] = [place.trainer(spec) for spec in specs]
    stack = StackedTrainer([place.trainer(spec) for spec in specs])
    for trainer in (*alone, stack):
        trainer.run(block)  # untimed: what is allocated and compiled at first use
    until = block + steps
    one_by_one = timed(lambda: [trainer.run(until) for trainer in alone])
    stacked = timed(lambda: stack.run(until))

    def score(trainer: Trainer, spec: RunSpec, mark: float, network: object = None) -> object:
        return place.score(trainer, spec, mark, network)  # type: ignore[arg-type]

    def all_together() -> None:
        for mark in marks:
            pairs = zip(stack.members, specs, strict=True)
            tasks = [partial(score, trainer, spec, mark) for trainer, spec in pairs]
            rendezvous.together(stack.network, stack.averages, tasks)

    alone_scored = timed(
        lambda: [score(trainer, spec, mark) for trainer, spec in zip(alone, specs, strict=True) for mark in marks]
    )
    return [one_by_one, alone_scored], [stacked, timed(all_together)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", default="digits-v1", choices=tracks.names())
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--without-evaluation", action="store_true", help="the steps alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    track = tracks.get(options.track)
    if (options.steps + track.training.block) > track.training.steps or options.steps % track.training.block:
        parser.error(f"--steps: a multiple of {track.training.block} below {track.training.steps}")
    place = Bench(track, torch.device(resolve(options.device)))
    whole = track.training.steps / options.steps
    print(f"{track.name}, {options.device}: runs per hour one by one and stacked, medians of {options.rounds} rounds")
    for count in options.sizes:
        found: list[tuple[float, float, float, float]] = []
        for _ in range(options.rounds):
            alone, stacked = seconds(place, count, options.steps, () if options.without_evaluation else track.marks)
            of_runs = [whole * training + evaluation for training, evaluation in (alone, stacked)]
            per_hour = [3600 * count / one for one in of_runs]
            found.append((*per_hour, alone[0] / stacked[0], of_runs[0] / of_runs[1]))
        before, after, training, runs = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"N = {count:3}   {before:8.0f} → {after:8.0f}   training ×{training:.2f}   runs ×{runs:.2f}", flush=True)


if __name__ == "__main__":
    main()
