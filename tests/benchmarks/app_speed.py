"""Server-side time of every page of the app on a store of many runs, and the memory that it takes.

    python tests/benchmarks/app_speed.py [RUNS ...] [--folder DIR]

For each number of runs a synthetic store is written (entries × 3 targets × 5 seeds) into a new folder, or into
DIR/RUNS, where it is kept and used again. Each page is opened in a fresh process, after the imports: first visit, the
same again, another metric. The line `cold` is the leaderboard of a store that nobody has read before. Seconds of the
processor and, in brackets, of the clock. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
import bulk_store

MAIN = Path(__file__).parents[2] / "app" / "main.py"
TARGETS, SEEDS = ("eps", "v", "x0"), 5
PAGES = ("leaderboard", "compare", "transfer", "runs", "lab", "tuning", "guide")
NARROWED = ("leaderboard", "compare", "transfer")
"""Pages on which another metric can be chosen."""


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=int, default=[1000, 10_000])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        for runs in arguments.runs:
            _report(runs, (arguments.folder or Path(fresh)) / str(runs))


def _report(runs: int, store: Path) -> None:
    names = bulk_store.names(max(2, runs // (len(TARGETS) * SEEDS)))
    if not store.exists():
        bulk_store.build(store, names, TARGETS, SEEDS)
    shutil.rmtree(store / "cache", ignore_errors=True)
    print(f"\n{len(names) * len(TARGETS) * SEEDS} runs, {len(names)} entries: seconds of CPU (clock)")
    print(f"{'page':12} {'first':>15} {'again':>15} {'metric':>15} {'peak MB':>9}", flush=True)
    for name, page in (("cold", "leaderboard"), *zip(PAGES, PAGES, strict=True)):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            times, memory, problems = pool.apply(_visit, (str(store), page))
        cells = " ".join(f"{cpu:6.2f} ({clock:5.2f}) " for cpu, clock in times)
        print(f"{name:12} {cells:47} {memory:9.0f}", *problems, flush=True)


def _visit(store: str, page: str) -> tuple[list[tuple[float, float]], float, list[str]]:
    """The times of the visits of a page, peak memory in MB, and what the page complained of."""
    logging.disable(logging.WARNING)  # Streamlit's, about running without a server
    os.environ["SNRBENCH_HOME"] = store
    sys.path.insert(0, str(MAIN.parents[1]))
    from streamlit.testing.v1 import AppTest

    for module in ("results", "comparisons", "runlist", "studies", "standings", "kin", "pictures", "power", "gains"):
        importlib.import_module(f"app.{module}")
    app = AppTest.from_file(str(MAIN), default_timeout=600)
    app.switch_page(f"screens/{page}.py")
    times = [_seconds(app.run), _seconds(app.run)]
    if page in NARROWED:
        times.append(_seconds(app.selectbox(key=f"{page}.metric").set_value("nll").run))
    problems = [element.value for element in app.error] + [str(element.value) for element in app.exception]
    return times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, problems


def _seconds(call: Callable[[], Any]) -> tuple[float, float]:
    began = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - began[0], time.perf_counter() - began[1]


if __name__ == "__main__":
    main()
