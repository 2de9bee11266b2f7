"""Server-side time of every page of the app on a table of 10,000 runs: first visit, next click, another metric.

python tests/benchmarks/app_speed.py [RUNS]     prints a table; nothing is asserted
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[1] / "app"
MAIN = Path(__file__).parents[2] / "app" / "main.py"
TARGETS, SEEDS = ("eps", "v", "x0"), 5


def main() -> None:
    """Print the times."""
    sys.path.insert(0, str(APP))
    import demo_store
    import demo_table

    from leaderboards import query

    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        store = demo_store.build(Path(folder), entries=("cosine",), targets=("v",), seeds=1)
        os.environ["SNRBENCH_HOME"] = str(store)
        count = max(2, runs // (len(TARGETS) * SEEDS))
        entries = ["cosine", *(f"laplace:scale={0.1 + 2.9 * at / count:.5f}" for at in range(count - 1))]
        whole = demo_table.repeated(query.runs_table(store, "digits-v1"), entries, TARGETS, SEEDS)
        query.runs_table = lambda _, track: whole[whole["track"] == track]
        print(f"{len(entries) * len(TARGETS) * SEEDS} runs, {len(entries)} entries, {len(whole)} rows")
        print(f"{'page':12} {'first':>8} {'again':>8} {'metric':>8}   seconds")
        for page in ("leaderboard", "compare", "transfer", "runs", "lab", "tuning", "guide"):
            _time(page)


def _time(page: str) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    app = AppTest.from_file(str(MAIN), default_timeout=600)
    app.switch_page(f"screens/{page}.py")
    times = [_seconds(app.run), _seconds(app.run)]
    if page in ("leaderboard", "compare", "transfer"):
        times.append(_seconds(app.selectbox(key=f"{page}.metric").set_value("nll").run))
    problems = [one.value for one in app.error] + [one.value for one in app.exception]
    print(f"{page:12} " + " ".join(f"{one:8.2f}" for one in times), "", *problems, flush=True)


def _seconds(call: object) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
