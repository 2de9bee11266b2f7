"""Runs per hour, one by one and stacked, by N and by the number of processes: the same runs, steps and evaluations.

    python tests/benchmarks/stacked.py [--track digits-v1] [--sizes 1 2 4 8] [--processes 1] [--steps 100] [--rounds 3]
        [--device cpu] [--compile auto|on|off] [--stacked-only] [--without-evaluation]

On a CPU it counts processor time of the process, which other work on the machine disturbs less than it does the clock;
on a GPU the clock, and no more than two runs one by one. Ratios in brackets are to the first line's one by one;
`training` is the steps alone. Evaluations count at the proportion that the track's full budget has. Processes start
each measurement together.

digits-v1 on one thread of an AMD EPYC that had other work, `--without-evaluation`, medians of three rounds:

    N = 1     747 →  566 runs per hour of processor time   ×0.74
    N = 2     768 →  687                                   ×0.93
    N = 4     725 →  800                                   ×1.12
    N = 8     700 →  854                                   ×1.20

Evaluation takes that back: four runs of 100 steps with all their evaluations took 25.1 s one by one and 26.7 s stacked
(×0.94), and on gmm-v1 5.9 s and 5.4 s (×1.09). So on a CPU `--stack auto` is 1.

digits-v1 on an NVIDIA H200, one process, one round:

    one by one, nothing compiled         1,011
    one by one, compiled, CUDA graph     5,263
    N = 8, no graph                      3,084   training ×5.3 of what is not compiled
    N = 16, CUDA graph                   7,121   training ×4.5 of what is compiled

Several processes and mnist-v1 are unmeasured there:

    python tests/benchmarks/stacked.py --device cuda --sizes 8 32 --processes 1 8
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import torch

from harness import tracks
from harness.device import describe, resolve
from harness.networks.network import Network
from harness.runs.run import Bench
from harness.specs import Entry, RunSpec
from harness.stacked import batched_evaluation
from harness.stacked.training import StackedTrainer
from harness.training.compilation import WISHES, compilation
from harness.training.loop import Trainer

SCHEDULES = ("cosine", "laplace", "edm", "cauchy")
ALONE = 2
"""Runs that are timed one by one on a GPU, where many stacked ones are compared with them."""


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


@dataclass(frozen=True)
class Question:
    """One line of the table. steps: trained of a run's; marks: evaluated of a run's"""

    track: str
    device: str
    compile: str
    size: int
    processes: int
    steps: int
    rounds: int
    marks: tuple[float, ...]
    stacked_only: bool


meeting: Callable[[], object]
Pair = tuple[float, float]
"""Seconds of a run, or of a stack of them: training, evaluation."""


def one_by_one(place: Bench, specs: list[RunSpec], asked: Question) -> Pair:
    """Of one of the runs, on average."""
    timed, block = timer(place.device), place.track.training.block
    training = evaluation = 0.0
    for spec in specs:
        trainer = place.trainer(spec)
        trainer.run(block)  # untimed: what is allocated and compiled at first use
        training += timed(lambda: trainer.run(block + asked.steps))  # noqa: B023
        evaluation += timed(lambda: [place.score(trainer, spec, mark) for mark in asked.marks])  # noqa: B023
    return training / len(specs), evaluation / len(specs)


def stacked(place: Bench, specs: list[RunSpec], asked: Question) -> Pair:
    """Of all of the runs."""
    timed, block = timer(place.device), place.track.training.block
    graphed = compilation(asked.compile, place.device).graph
    stack = StackedTrainer([place.trainer(spec) for spec in specs], graphed)
    stack.run(block)
    training = timed(lambda: stack.run(block + asked.steps))

    def score(trainer: Trainer, spec: RunSpec, mark: float, network: Network) -> object:
        return place.score(trainer, spec, mark, network)

    def all_together() -> None:
        for mark in asked.marks:
            pairs = zip(stack.members, specs, strict=True)
            tasks = [partial(score, trainer, spec, mark) for trainer, spec in pairs]
            batched_evaluation.together(stack.network, stack.averages, tasks)

    return training, timed(all_together)


def rounds_of(asked: Question, meet: Callable[[], object] = lambda: None) -> list[tuple[Pair, Pair]]:
    """One by one and stacked, a pair a round; `meet` waits for the processes beside this one."""
    torch.set_num_threads(1)
    device = torch.device(resolve(asked.device))
    track, specs = tracks.get(asked.track), runs_of(asked.track, asked.size)
    plain = Bench(track, device)
    single = None if asked.stacked_only else Bench(track, device, compilation(asked.compile, device))
    found = []
    for _ in range(asked.rounds + 1):
        meet()
        few = specs[: ALONE if device.type == "cuda" else None]
        alone = (math.nan, math.nan) if single is None else one_by_one(single, few, asked)
        meet()
        found.append((alone, stacked(plain, specs, asked)))
    return found[1:]


def wait_at(barrier: Barrier) -> None:
    """Of a process of several, before its first work: where it waits for the others."""
    global meeting  # noqa: PLW0603 - a barrier reaches a process at its start alone
    meeting = barrier.wait


def beside(asked: Question) -> list[tuple[Pair, Pair]]:
    """In a process of several."""
    return rounds_of(asked, meeting)


def measured(asked: Question) -> list[tuple[Pair, Pair]]:
    """The rounds of every process, all at the same time."""
    if asked.processes == 1:
        return rounds_of(asked)
    context = get_context("spawn")
    barrier = context.Barrier(asked.processes)
    with ProcessPoolExecutor(asked.processes, context, wait_at, (barrier,)) as pool:
        return [one for found in pool.map(beside, [asked] * asked.processes) for one in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--track", default="digits-v1", choices=tracks.names())
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--processes", type=int, nargs="+", default=[1])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", choices=WISHES, default="auto")
    parser.add_argument("--stacked-only", action="store_true", help="nothing one by one")
    parser.add_argument("--without-evaluation", action="store_true", help="the steps alone")
    options = parser.parse_args()
    track = tracks.get(options.track)
    if (options.steps + track.training.block) > track.training.steps or options.steps % track.training.block:
        parser.error(f"--steps: a multiple of {track.training.block} below {track.training.steps}")
    marks = () if options.without_evaluation else track.marks
    whole = track.training.steps / options.steps
    print(f"{track.name}, {describe(options.device)}: runs per hour, medians of {options.rounds} rounds")
    base = 0.0
    for processes in options.processes:
        for size in options.sizes:
            asked = Question(
                track.name,
                options.device,
                options.compile,
                size,
                processes,
                options.steps,
                options.rounds,
                marks,
                options.stacked_only,
            )
            found = measured(asked)
            alone = [whole * pair[0][0] + pair[0][1] for pair in found]
            stack = [(whole * pair[1][0] + pair[1][1]) / size for pair in found]
            before, after = (3600 * processes / statistics.median(each) for each in (alone, stack))
            base = base or (after if options.stacked_only else before)
            training = statistics.median(size * pair[0][0] / pair[1][0] for pair in found)
            line = f"processes {processes:2}  N = {size:3}   {after:7.0f} stacked (×{after / base:.2f})"
            if not options.stacked_only:
                line += f"   {before:7.0f} one by one (×{before / base:.2f})   training ×{training:.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
