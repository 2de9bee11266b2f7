"""How long leaderboards take with many runs, and how much memory.

    python tests/benchmarks/leaderboard_scale.py [RUNS ...] [--table-only RUNS] [--folder DIR] [--mlflow]

For each number of runs a synthetic store is written (entries × 3 targets × 5 seeds, what a run of digits-v1 records)
into a new folder, or into DIR/RUNS, where it is kept and used again. Each figure is one call in a fresh process, after
the imports, which are listed apart. `--table-only` makes the packed table of so many runs without MLflow and measures
what holding, storing and reading it takes. `--mlflow` also times MLflow's own search. `--cpu` counts
processor seconds instead of the clock's.

Targets, for 10,000 runs: first open 30 s, later ones 1.5 s, another filter 0.3 s, one new run 0.5 s; for 100,000 runs
less than 1 GB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
import bulk_store

TRACK = "digits-v1"
TARGETS = ("v", "eps", "x0")
SEEDS, PAGE = 5, 125


def in_fresh_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def timed(work: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    """Seconds of one call, by the clock or of the processor."""
    clock = time.process_time if os.environ.get("SCALE_CPU") else time.perf_counter
    started = clock()
    work(*arguments, **options)
    return clock() - started


def memory_mb() -> float:
    """The most that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_of(tables: Any) -> float:
    """Bytes of runs and scores."""
    return float(sum(table.memory_usage(deep=True).sum() for table in (tables.runs, tables.scores)))


def build(folder: Path, runs: int) -> float:
    """Write a store of at least so many runs; seconds."""
    return timed(
        bulk_store.build,
        folder,
        bulk_store.names(-(-runs // (len(TARGETS) * SEEDS))),
        TARGETS,
        SEEDS,
        curves=runs <= 1000,
    )


def opening(store: Path, rebuild: bool) -> dict[str, float]:
    """Opening the table of a store, and what a reader does next."""
    imports = timed(__import__, "leaderboards.boards.query")
    from leaderboards.boards import query
    from leaderboards.data.cache import lines

    figures: dict[str, float] = {"imports": imports}
    figures["open"] = timed(query.runs_table, store, TRACK, rebuild=rebuild)
    if rebuild:
        return figures | {"memory of the process, MB": memory_mb()}
    tables = query.runs_table(store, TRACK)
    figures["rows"], figures["bytes a row"] = len(tables.scores), memory_of(tables) / len(tables.scores)
    ids = tables.runs["run_id"].tolist()[:PAGE]
    for name, options in (
        ("board, all targets", {}),
        ("board, one target", {"target": "v"}),
        ("board, another metric of it", {"target": "v", "metric": "nll"}),
        ("board, 25 entries of it", {"target": "v", "keep": tuple(tables.runs["entry"].unique()[:25])}),
    ):
        figures[name] = timed(query.board_of, tables, TRACK, **options)  # type: ignore[arg-type]
    lines.forget(store, TRACK)
    for quantity, reader in (("loss", lines.losses), ("ε-error", lines.error_curves)):
        figures[f"{PAGE} runs' {quantity}, first time"] = timed(reader, store, TRACK, ids)
        figures[f"{PAGE} runs' {quantity}, again"] = timed(reader, store, TRACK, ids)
    return figures | {"memory of the process, MB": memory_mb()}


def one_more(store: Path) -> float:
    """Opening after one run was added."""
    from leaderboards.boards import query

    query.runs_table(store, TRACK)
    bulk_store.append(store, {f"laplace:loc=new{time.time_ns()}": 0.5}, ["v"], [0], curves=False)
    return timed(query.runs_table, store, TRACK)


def by_mlflow(store: Path) -> float:
    """MLflow's own search of every run."""
    from harness.results import read
    from harness.results.store import Store

    return timed(list, read.recorded(Store(store), None, TRACK))


def table_alone(runs: int, folder: Path) -> dict[str, float]:
    """A packed table of so many runs, from rows that are made up: memory, file, reading."""
    import numpy as np
    import pyarrow as pa

    from leaderboards.data.cache import files, packed

    rng = np.random.default_rng(0)
    keys = packed.JOINT.join(of.mark_key for of in bulk_store.measured((1.0, 1.15, 1.3, 1.5, 2.0, 3.0)))
    count = keys.count(packed.JOINT) + 1
    entries = list(bulk_store.names(-(-runs // (len(TARGETS) * SEEDS))))
    cells = [(entry, target, seed) for target in TARGETS for seed in range(SEEDS) for entry in entries][:runs]
    blank: dict[str, list[Any]] = {name: [""] * runs for name in packed.TEXT}
    blank |= {name: [None] * runs for name in packed.NUMBERS}
    columns = blank | {
        **{"run_id": [f"{place:032x}" for place in range(runs)], "run_key": [f"{place:032x}" for place in range(runs)]},
        **{"track": [TRACK] * runs, "outcome": ["finished"] * runs, "tuned": [False] * runs, "protocol": ["1"] * runs},
        **dict(zip(("entry", "target", "seed"), map(list, zip(*cells, strict=True)), strict=True)),
        **{"started": list(range(runs)), packed.ENDED: list(range(runs)), packed.RECORDED: [0.0] * runs},
        packed.KEYS: [keys] * runs,
    }
    flat = pa.array(rng.lognormal(size=runs * count))
    lists = pa.ListArray.from_arrays(pa.array(np.arange(0, runs * count + 1, count, dtype=np.int32)), flat)
    arrays = {
        name: lists if name == packed.VALUES else pa.array(columns[name], packed.SCHEMA.field(name).type)
        for name in packed.SCHEMA.names
    }
    file = folder / "cache" / "alone.parquet"
    return {
        "write": timed(files.write, file, pa.table(arrays, packed.SCHEMA), "benchmark"),
        "file, MB": file.stat().st_size / 1e6,
    }


def read_alone(folder: Path) -> dict[str, float]:
    """Reading that file into runs and scores."""
    from leaderboards.data.cache import files, packed

    file = folder / "cache" / "alone.parquet"
    imported, opened = memory_mb(), []

    def read() -> None:
        content = files.read(file, "benchmark")
        assert content is not None
        opened.append(packed.tables(packed.newest(content)))

    seconds = timed(read)
    (tables,) = opened
    return {
        **{"read": seconds, "rows": len(tables.scores), "tables, MB": memory_of(tables) / 1e6},
        **{"memory of the process, MB": memory_mb(), "of which imports, MB": imported},
    }


def show(title: str, figures: dict[str, float]) -> None:
    """Print figures, one a line."""
    print(title)
    for name, figure in figures.items():
        unit = "" if name.endswith(("MB", "rows", "row")) else " s"
        print(f"  {name:<34}{figure:>12,.{0 if figure > 1000 else 3}f}{unit}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--table-only", type=int, default=0, metavar="RUNS")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--mlflow", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="processor seconds, for a machine with other work")
    parser.add_argument("--json", action="store_true", help="print JSON besides")
    arguments = parser.parse_args()
    if arguments.cpu:
        os.environ["SCALE_CPU"] = "1"
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for runs in arguments.runs:
            store = folder / str(runs)
            writing = {} if store.exists() else {"writing the synthetic store": build(store, runs)}
            first = in_fresh_process(opening, store, True)
            figures = {**writing, "first open": first["open"], "its memory, MB": first["memory of the process, MB"]}
            later = in_fresh_process(opening, store, False)
            figures |= {"imports": later.pop("imports"), "later open": later.pop("open"), **later}
            figures["open after one new run"] = in_fresh_process(one_more, store)
            if arguments.mlflow:
                figures["MLflow's own search"] = in_fresh_process(by_mlflow, store)
            results[f"{runs} runs"] = figures
            show(f"{runs:,} runs", figures)
        if arguments.table_only:
            written = in_fresh_process(table_alone, arguments.table_only, folder)
            results["table only"] = written | in_fresh_process(read_alone, folder)
            show(f"{arguments.table_only:,} runs, table only", results["table only"])
    if arguments.json:
        print(json.dumps(results))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
