"""Prints what the harness itself costs: planning, the time around a run, what a second worker brings, and memory.

    python tests/benchmarks/scaling.py [--runs 8] [--workers 1 2] [--many 600]

runs per minute:      in the steady state, from the first end to the last, so without the start of processes
parallel efficiency:  runs per minute over those of one worker, divided by the workers
harness cost:         of a worker's wall time per run, what is not the run itself; delivery to MLflow goes on beside it
memory:               of the command's own process, while many runs pass through it that end at once
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

import schedules
from harness import tracks
from harness.execution.capacity.free_memory import resident
from harness.execution.job import Job, Settings
from harness.execution.session import Session
from harness.results.store import Store
from harness.results.write import waiting
from harness.specs import Entry, RunSpec
from schedules import weightings

PLANNED = 10_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", default="gmm-v1", choices=tracks.names())
    parser.add_argument("--runs", type=int, default=8, help="for each worker")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--many", type=int, default=600, help="runs that the parent's memory is looked at over")
    options = parser.parse_args()
    planning()
    alone = None
    for workers in options.workers:
        a_minute, harness, delivered = steady(options.track, options.runs * workers, workers)
        alone = alone or a_minute / workers
        efficiency = a_minute / workers / alone
        print(
            f"{options.track}, {workers} workers: {a_minute:.1f} runs a minute, efficiency {efficiency:.2f}, "
            f"harness cost {1000 * harness:.0f} ms a run, {1000 * delivered:.0f} ms to deliver one afterwards"
        )
    if options.many:
        memory(options.track, options.many)


def planning() -> None:
    """Seconds of this process's time from names to the keys of about ten thousand runs."""
    began = time.process_time()
    names = [name for name in schedules.names() if not schedules.info(name).spec]
    entries = [Entry.of(name, weighting) for name in names for weighting in weightings.names()]
    validated = [schedules.validate(schedules.parse(name)) for name in names]
    targets, seeds = ("eps", "v", "x0"), range(1 + PLANNED // (3 * len(entries)))
    runs = [
        RunSpec(track="digits-v1", target=target, entry=entry, seed=seed)
        for seed in seeds
        for target in targets
        for entry in entries
    ][:PLANNED]
    keys = {run.key for run in runs}
    seconds = time.process_time() - began
    print(f"planning: {len(keys)} runs of {len(validated)} schedules in {seconds:.2f} s")


def steady(track: str, runs: int, workers: int) -> tuple[float, float, float]:
    """Runs per minute, seconds of harness per run and worker, seconds to deliver one result."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        store.prepare()
        specs = [RunSpec(track=track, target="v", entry=Entry.of("laplace"), seed=seed) for seed in range(runs)]
        ends: list[tuple[float, float]] = []
        with Session(
            store, Settings(workers=workers), Console(stderr=True, quiet=True), track=track, planned=specs
        ) as session:
            for spec in specs:
                session.submit(Job(spec))
            while session.open:
                ends += [(time.monotonic(), done.seconds) for done in session.wait()]
            backlog, began = len(waiting(store)), time.monotonic()
        deliver = (time.monotonic() - began) / max(1, backlog)
    wall = ends[-1][0] - ends[workers - 1][0]
    counted = ends[workers:]
    inside = sum(seconds for _, seconds in counted)
    return 60 * len(counted) / wall, (wall * workers - inside) / len(counted), deliver


def memory(track: str, runs: int) -> None:
    """MiB that the parent holds when a third, two thirds and all of the runs are recorded.

    MLflow remembers where the artifacts of its last 1,024 runs are, with a queue for each: some 12 kB a run until then.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        store.prepare()
        jobs = [
            Job(RunSpec(track=track, target="v", entry=Entry.of("laplace"), seed=seed), abandon="of a benchmark")
            for seed in range(runs)
        ]
        held: dict[int, float] = {}
        ended = 0
        with Session(
            store,
            Settings(workers=1),
            Console(stderr=True, quiet=True),
            track=track,
            planned=[job.spec for job in jobs],
        ) as session:
            for job in jobs:
                session.submit(job)
            marks = [runs // 3, 2 * runs // 3, runs]
            while marks:
                ended += len(session.wait())
                if ended - len(waiting(store)) >= marks[0]:
                    held[marks.pop(0)] = resident(os.getpid()) / 2**20
    text = ", ".join(f"{mib:.0f} MiB after {count} runs" for count, mib in held.items())
    print(f"memory of the parent: {text}")


if __name__ == "__main__":
    main()
