"""Runs on disk, one row each with its scores, and the tables of runs and of scores that they are read into.

Runs of a track measure the same things, so a run keeps its values as one list and the name of their order: the MLflow
keys of the values, joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.results import read
from harness.results.sql import Recorded
from leaderboards.data.tables import RUN, Tables, plain

NUMBERS = ("diverged_step", "trials", "tuning_seconds")
TEXT = tuple(name for name in read.RUN_COLUMNS if name not in {"seed", "tuned", "started", "recorded", *NUMBERS})
SOURCE, VERIFIED = "source", "verified"
"""Where a row is from: "" the store itself, "published", or a bundle; and whether a bundle's rows were run again."""
KEYS, VALUES, ENDED, RECORDED = "keys", "values", "ended", "recorded"
JOINT = "\n"

_WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        *((name, _WORD) for name in TEXT),
        *((name, pa.float32()) for name in NUMBERS),
        *((("seed"), pa.int64()), ("tuned", pa.bool_()), ("started", pa.timestamp("ms"))),
        *((ENDED, pa.int64()), (RECORDED, pa.float64()), (KEYS, _WORD), (VALUES, pa.list_(pa.float64()))),
    ]
)


def pack(runs: Iterable[Recorded], on_run: Callable[[], None] = lambda: None) -> pa.Table:
    """One row for each run that has a run key. on_run: called after each."""
    rows: list[dict[str, Any]] = []
    for run in runs:
        if run.tags.get("snrbench.run_key"):
            measured = read.values(run)
            rows.append(
                {
                    **read.facts(run),
                    ENDED: run.run.ended,
                    KEYS: JOINT.join(measured),
                    VALUES: list(measured.values()),
                }
            )
        on_run()
    return of_rows(rows)


def of_rows(rows: list[dict[str, Any]]) -> pa.Table:
    """A packed table of rows that have every column of it; a missing number is NaN."""
    columns = {name: [row[name] for row in rows] for name in SCHEMA.names}
    return pa.table({name: pa.array(column, SCHEMA.field(name).type) for name, column in columns.items()}, SCHEMA)


def joined(parts: Iterable[pa.Table]) -> pa.Table:
    """Packed tables, one after the other."""
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def newest(packed: pa.Table) -> pa.Table:
    """Last recorded first, and of several runs of one run key only the one that was recorded last."""
    if packed.num_rows == 0:
        return packed
    order = pd.DataFrame(
        {
            "place": np.arange(packed.num_rows),
            "key": _codes(packed, "run_key")[0],
            "recorded": packed[RECORDED].to_numpy(),
            "run_id": packed["run_id"].to_pandas().astype(str),
        }
    ).sort_values(["recorded", "run_id"], ascending=[False, True], kind="stable")
    return packed.take(order.drop_duplicates("key")["place"].to_numpy())


def tables(packed: pa.Table, source: str = "") -> Tables:
    """The runs and their scores.

    source: what the column of that name says
    """
    packed = packed.combine_chunks()
    orders, names = _codes(packed, KEYS)
    keys = [name.split(JOINT) for name in names]
    lengths = np.array([len(of) for of in keys], dtype=np.int64)[orders]
    runs = pd.DataFrame({name: _column(packed, name) for name in read.RUN_COLUMNS}, copy=False)
    scores = pd.DataFrame(
        {
            RUN: np.repeat(np.arange(len(orders), dtype=np.int32), lengths),
            **_cells(keys, orders),
            "value": packed[VALUES].combine_chunks().flatten().to_numpy() if len(orders) else np.empty(0),
        },
        copy=False,
    )
    if "" in names:  # a diverged run, which keeps one value that is none
        scores = scores[scores["metric"] != ""].reset_index(drop=True)
    return Tables(runs.assign(**{SOURCE: source, VERIFIED: ""}), scores)


def _column(packed: pa.Table, name: str) -> Any:
    if name in TEXT:
        return plain(packed.select([name]).to_pandas())[name]
    return packed[name].to_numpy()


def _cells(keys: list[list[str]], orders: np.ndarray) -> dict[str, Any]:
    """The columns metric, split, guidance and mark."""
    distinct = list(dict.fromkeys(key for of in keys for key in of))
    place = {key: number for number, key in enumerate(distinct)}
    parts = [np.array([place[key] for key in of], dtype=np.int32) for of in keys]
    which = np.concatenate([parts[order] for order in orders]) if len(orders) else np.empty(0, np.int32)
    table = pd.DataFrame([read.cells(key) for key in distinct], columns=["metric", "split", "guidance", "mark"])
    columns: dict[str, Any] = {}
    for name in ("metric", "split"):
        words = pd.Categorical(table[name].astype("str"))
        columns[name] = pd.Categorical.from_codes(words.codes[which], words.categories, validate=False)
    return columns | {name: table[name].to_numpy(dtype=np.float64)[which] for name in ("guidance", "mark")}


def _codes(packed: pa.Table, name: str) -> tuple[np.ndarray, pd.Index]:
    """The code of each row, and the words that codes stand for, each used and in order."""
    words = pd.Categorical(packed[name].to_pandas()).remove_unused_categories()
    return words.codes.astype(np.int64), words.categories.astype("str")
