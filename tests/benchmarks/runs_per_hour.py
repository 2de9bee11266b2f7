"""Whole runs per hour, training and scoring, at steady state: eager, compiled and stacked, by the number of processes.

    python tests/benchmarks/runs_per_hour.py [TRACK] [--device cuda] [--modes eager compiled stacked]
        [--processes 1 2 4 8] [--stack 16] [--seconds 60] [--target v]

eager is `--compile off`, compiled `--compile auto`, stacked `--stack 16` with `--compile auto`. Every process is
started anew for its line, finishes one whole run (or stack) so that all is loaded, compiled and captured, and waits for
the others; then it goes on for at least --seconds and ends with the run that it is in. Results are thrown away. Runs
take cosine, laplace, edm and cauchy in turn, with rising seeds. A line that fails is named, and the next one measured;
the exit code is then 1.

    runs/h      runs ÷ seconds, summed over processes; in brackets the ratio to the table's first line
    training    median seconds of a run's training, as its record has them; of a stack, a run's share
    scoring     the same of its evaluations
    host        processor seconds of a run on the host, waiting for the device included
    GPU MiB     what torch's allocator held at most in one process, without the context; on a CPU resident memory

What stacks bring to the steps alone is training of `compiled` over that of `stacked`, at an equal number of processes.

Before (`stacked.py`, November 2026: 100 steps of a run and its scoring, extrapolated to all its steps), digits-v1, v,
runs per hour:

    an NVIDIA H200, one process, one round, `--device cuda`
        one by one, nothing compiled         1,011
        one by one, compiled, CUDA graph     5,263
        stack of 8, no graph                 3,084   training ×5.3 of what is not compiled
        stack of 16, CUDA graph              7,121   training ×4.5 of what is compiled

    one thread of an AMD EPYC that had other work, `--without-evaluation`, medians of three rounds, processor time
        one by one → stacks of 1, 2, 4, 8    747 → 566   768 → 687   725 → 800   700 → 854

On that CPU evaluation took the gain back: four runs of 100 steps with all their evaluations took 25.1 s one by one and
26.7 s stacked (×0.94), and on gmm-v1 5.9 s and 5.4 s (×1.09). So on a CPU `--stack auto` is 1.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import torch

from harness import tracks
from harness.device import describe, resolve
from harness.runs import peak_memory
from harness.runs.run import Bench, RunResult, execute
from harness.specs import Entry, RunSpec
from harness.stacked.run import execute_stack
from harness.targets import TARGETS
from harness.training.compilation import compilation
from schedules.errors import UserError, text_of

SCHEDULES = ("cosine", "laplace", "edm", "cauchy")
WISHES = {"eager": "off", "compiled": "auto", "stacked": "auto"}
SEEDS = 10_000
"""Every process has as many of its own."""
SLOWEST_START = 1800.0
"""Seconds after which a process no longer waits for the others."""


@dataclass(frozen=True)
class Line:
    """A line of the table, as one of its processes measures it."""

    mode: str
    track: str
    target: str
    device: str
    stack: int
    seconds: float
    process: int = 0


@dataclass(frozen=True)
class Stretch:
    """What one process did while the clock ran. processor: its seconds on the host's processor"""

    results: list[RunResult]
    seconds: float
    processor: float
    peak_mib: float


def specs_of(line: Line) -> Iterator[RunSpec]:
    """A process's runs, without end."""
    for number in count():
        seed = SEEDS * line.process + number // len(SCHEDULES)
        entry = Entry.of(SCHEDULES[number % len(SCHEDULES)])
        yield RunSpec(track=line.track, target=line.target, entry=entry, seed=seed)


def executor_of(line: Line, device: torch.device) -> Callable[[], list[RunResult]]:
    """What executes the next run, or the next stack of them."""
    specs, how = specs_of(line), compilation(WISHES[line.mode], device)
    if line.mode == "stacked":
        return lambda: execute_stack(list(islice(specs, line.stack)), device, compilation=how)
    place = Bench(tracks.get(line.track), device, how)
    return lambda: [execute(next(specs), device, place=place)]


def held_mib(device: torch.device) -> float:
    """MiB at the peak since the last run began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / peak_memory.MIB
    return peak_memory.peak_mib(device)


def without_files(result: RunResult) -> RunResult:
    """The result without what is large."""
    return replace(result, weights={}, scores=None)


meeting: Barrier


def meet_at(barrier: Barrier) -> None:
    """Of a process, before its first work: where it waits for the others."""
    global meeting  # noqa: PLW0603 - a barrier reaches a process at its start alone
    meeting = barrier


def stretch(line: Line) -> Stretch:
    """In a process: warm up, wait for the others, and measure."""
    try:
        torch.set_num_threads(1)
        device = torch.device(resolve(line.device))
        next_runs = executor_of(line, device)
        next_runs()
    except BaseException:
        meeting.abort()
        raise
    meeting.wait(SLOWEST_START)
    results: list[RunResult] = []
    started, processor, peak = time.perf_counter(), time.process_time(), 0.0
    while time.perf_counter() - started < line.seconds:
        results += map(without_files, next_runs())
        peak = max(peak, held_mib(device))
    return Stretch(results, time.perf_counter() - started, time.process_time() - processor, peak)


def stretches(line: Line, processes: int) -> list[Stretch]:
    """Of all the processes, at the same time."""
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, meet_at, (context.Barrier(processes),)) as pool:
        futures = [pool.submit(stretch, replace(line, process=process)) for process in range(processes)]
        errors = [error for future in futures if (error := future.exception())]
        if errors:  # a broken barrier is what the others say of the one that failed
            raise next((error for error in errors if not isinstance(error, threading.BrokenBarrierError)), errors[0])
        return [future.result() for future in futures]


HEADER = (
    f"{'mode':12}{'processes':>10}{'runs':>7}{'seconds':>9}{'runs/h':>9}{'':>9}"
    f"{'training':>10}{'scoring':>9}{'host':>8}{'GPU MiB':>9}"
)


def row(label: str, measured: list[Stretch], base: float) -> tuple[str, float]:
    """A line of the table, and its runs per hour. base: the first line's, 0 for that line"""
    results = [result for part in measured for result in part.results]
    hourly = sum(3600 * len(part.results) / part.seconds for part in measured)
    training, scoring = (
        statistics.median(result.costs[f"seconds/{part}"] for result in results) for part in ("training", "evaluation")
    )
    host = sum(part.processor for part in measured) / len(results)
    seconds, peak = max(part.seconds for part in measured), max(part.peak_mib for part in measured)
    ratio = f"(×{hourly / (base or hourly):.2f})"
    text = (
        f"{label:12}{len(measured):10}{len(results):7}{seconds:9.1f}{hourly:9.0f}{ratio:>9}"
        f"{training:10.3f}{scoring:9.3f}{host:8.2f}{peak:9.0f}"
    )
    unfinished = sum(result.outcome != "finished" for result in results)
    return text + (f"   {unfinished} not finished" if unfinished else ""), hourly


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("track", nargs="?", default="digits-v1", metavar="TRACK")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--modes", nargs="+", choices=WISHES, default=list(WISHES))
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--stack", type=int, default=16, help="runs of a stack")
    parser.add_argument("--seconds", type=float, default=60.0, help="that each line is measured at least")
    parser.add_argument("--target", choices=TARGETS, default="v")
    options = parser.parse_args()
    if min(options.stack, *options.processes) < 1:
        parser.error("--stack and --processes: expected 1 or more")
    try:
        tracks.get(options.track).check()
        device = resolve(options.device)
    except UserError as error:
        parser.error(str(error))
    print(f"{describe(device)}, torch {torch.__version__}, {options.track}, {datetime.date.today()}")
    print(HEADER, flush=True)
    base, failed = 0.0, False
    for processes in options.processes:
        for mode in options.modes:
            label = f"{mode} {options.stack}" if mode == "stacked" else mode
            line = Line(mode, options.track, options.target, device, options.stack, options.seconds)
            try:
                text, hourly = row(label, stretches(line, processes), base)
            except Exception as error:  # out of memory, or a process that died
                print(f"{label:12}{processes:10}   failed: {text_of(error)}", flush=True)
                failed = True
                continue
            base = base or hourly
            print(text, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
