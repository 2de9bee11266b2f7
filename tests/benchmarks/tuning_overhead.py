"""What tuning costs beside training: seconds a trial, with runs that end at once with made-up values.

    python tests/benchmarks/tuning_overhead.py [--trials 1000] [--schedule piecewise]

Everything else is real: asking TPE, the study in SQLite, pruning, the confirmation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "helpers"))
from known_objective import KnownRuns, tuned


class Timed(KnownRuns):
    """Notes when each trial began."""

    def __init__(self) -> None:
        super().__init__(lambda spec: abs(spec.entry.learning_rate - 2), slots=2)
        self.began: dict[int, tuple[float, float]] = {}

    def submit(self, job) -> None:
        self.began.setdefault(job.spec.trial, (time.perf_counter(), time.process_time()))
        super().submit(job)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--schedule", default="piecewise")
    options = parser.parse_args()
    runs = Timed()
    with tempfile.TemporaryDirectory() as folder:
        tuned(Path(folder), runs, specs=(options.schedule,), trials=options.trials)
    began = [runs.began[number] for number in sorted(runs.began)]
    width = max(4, options.trials // 10 // 4 * 4)
    print(f"{options.schedule}, {options.trials} trials; seconds a trial (wall, processor)")
    for start in range(0, options.trials - width + 1, width):
        end = min(start + width, len(began) - 1)
        wall, cpu = ((began[end][part] - began[start][part]) / (end - start) for part in (0, 1))
        print(f"trials {start:4d} to {end:4d}: {wall:.3f}  {cpu:.3f}")


if __name__ == "__main__":
    main()
