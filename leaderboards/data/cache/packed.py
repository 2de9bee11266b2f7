"""One row for each run, and the long table of run × metric × split × guidance × mark that it stands for.

Runs of a track measure the same things, so a run keeps its values as one list and the name of their order: the MLflow
keys of the values, joined. The long table has text as categories and takes about 85 bytes a row, where plain text would
take 500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.results import read
from harness.results.sql import Recorded

NUMBERS = ("diverged_step", "trials", "tuning_seconds")
TEXT = tuple(name for name in read.RUN_COLUMNS if name not in {"seed", "tuned", "started", "recorded", *NUMBERS})
SOURCE, VERIFIED = "source", "verified"
"""Where a row is from: "" the store itself, "published", or a bundle; and whether a bundle's rows were run again."""
COLUMNS = (*read.RUN_COLUMNS, SOURCE, VERIFIED, *read.COLUMNS[len(read.RUN_COLUMNS) :])
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


def unpack(packed: pa.Table, source: str = "") -> pd.DataFrame:
    """The long table, as `harness.results.read.read_runs` gives it, with text as categories.

    source: what its column of that name says
    """
    packed = packed.combine_chunks()
    orders, names = _codes(packed, KEYS)
    keys = [name.split(JOINT) for name in names]
    lengths = np.array([len(of) for of in keys], dtype=np.int64)[orders]
    columns: dict[str, Any] = {name: _repeated(packed, name, lengths) for name in read.RUN_COLUMNS}
    for name, text in ((SOURCE, source), (VERIFIED, "")):
        columns[name] = pd.Categorical.from_codes(np.zeros(lengths.sum(), np.int8), pd.Index([text], dtype="str"))
    columns |= _cells(keys, orders)
    columns["value"] = packed[VALUES].combine_chunks().flatten().to_numpy() if len(orders) else np.empty(0)
    return pd.DataFrame(columns, columns=list(COLUMNS), copy=False)


def _repeated(packed: pa.Table, name: str, lengths: np.ndarray) -> Any:
    """A column of runs as one of the long table: each run's value as often as it has values."""
    if name in TEXT:
        codes, words = _codes(packed, name)
        small = codes.astype(np.min_scalar_type(-max(len(words), 1)))
        return pd.Categorical.from_codes(np.repeat(small, lengths), words, validate=False)
    column = packed[name].to_numpy()
    if name == "seed" and len(column) and np.abs(column).max() < 2**31:
        column = column.astype(np.int32)
    return np.repeat(column, lengths)


def _cells(keys: list[list[str]], orders: np.ndarray) -> dict[str, Any]:
    """The columns metric, split, guidance and mark."""
    distinct = list(dict.fromkeys(key for of in keys for key in of))
    place = {key: number for number, key in enumerate(distinct)}
    parts = [np.array([place[key] for key in of], dtype=np.int32) for of in keys]
    which = np.concatenate([parts[order] for order in orders]) if len(orders) else np.empty(0, np.int32)
    table = pd.DataFrame([read.cells(key) for key in distinct], columns=["metric", "split", "guidance", "mark"])
    found: dict[str, Any] = {}
    for name in ("metric", "split"):
        words = pd.Categorical(table[name].astype("str"))
        found[name] = pd.Categorical.from_codes(words.codes[which], words.categories, validate=False)
    return found | {name: table[name].to_numpy(dtype=np.float64)[which] for name in ("guidance", "mark")}


def _codes(packed: pa.Table, name: str) -> tuple[np.ndarray, pd.Index]:
    """The code of each row, and the words that codes stand for, each used and in order."""
    words = pd.Categorical(packed[name].to_pandas()).remove_unused_categories()
    return words.codes.astype(np.int64), words.categories.astype("str")
