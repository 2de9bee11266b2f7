"""The runs of a track one by one: those that count, from the results; failed and unfinished ones, from MLflow."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from app.data import results
from app.data.results import ResultSource
from harness.results import read
from harness.results.store import Store
from leaderboards.boards.query import METRICS
from leaderboards.data.tables import RUN, Tables

OUTCOMES = ("finished", "diverged", "failed", "running")
COLUMNS = [
    "run_id",
    "entry",
    "target",
    "seed",
    "outcome",
    "reason",
    "diverged_step",
    "device",
    "hardware",
    "host",
    "started",
]
MOST_BROKEN = 500


@st.cache_data(max_entries=8, show_spinner="Reading runs …")
def runs(store: ResultSource, track: str) -> pd.DataFrame:
    """One row for each run of a track, newest first, with its unguided score at the end as `score`."""
    tables = results.tables(store, track)
    there = tables.runs[COLUMNS].assign(score=_scores(tables, track))
    return (
        pd.concat([_broken(store, track), there])
        .sort_values("started", ascending=False, kind="stable")
        .reset_index(drop=True)
    )


def _scores(tables: Tables, track: str) -> pd.Series:
    """By the index of the run."""
    final = _final(tables.measured([results.track(track).primary_metric]))
    return final.drop_duplicates(RUN).set_index(RUN)["value"]


def _final(scores: pd.DataFrame) -> pd.DataFrame:
    """Unguided test scores at the end of the budget."""
    unguided = scores["guidance"].isna() | (scores["guidance"] == 1.0)
    return scores[unguided & (scores["split"] == "test") & (scores["mark"] == 1.0)]


def _broken(store: ResultSource, track: str) -> pd.DataFrame:
    """Runs that MLflow holds without a result: failed, or not finished yet."""
    if store.published or not Store(store.folder).exists:
        return pd.DataFrame(columns=[*COLUMNS, "score"])
    rows = []
    for run in read.search(Store(store.folder), track, "attributes.status != 'FINISHED'"):
        tags = {key.removeprefix("snrbench."): value for key, value in run.data.tags.items()}
        outcome = "failed" if run.info.status in ("FAILED", "KILLED") else "running"
        rows.append({
            "run_id": run.info.run_id,
            **{key: tags.get(key, "") for key in ("entry", "target", "reason", "device", "hardware", "host")},
            "seed": int(tags.get("seed", "0")),
            "outcome": outcome,
            "diverged_step": float("nan"),
            "started": pd.Timestamp(run.info.start_time or 0, unit="ms"),
            "score": float("nan"),
        })  # fmt: skip
        if len(rows) == MOST_BROKEN:
            break
    return pd.DataFrame(rows, columns=[*COLUMNS, "score"])


@st.cache_data(max_entries=64, show_spinner=False)
def environment(store: ResultSource, run_id: str) -> dict[str, str]:
    """Versions of what a run ran with; empty where it left none."""
    content = results.artifact(store, run_id, "environment.json")
    return {str(key): str(value) for key, value in json.loads(content or b"{}").items()}


@st.cache_data(max_entries=64, show_spinner=False)
def per_seed(store: ResultSource, track: str, entry: str, target: str) -> pd.DataFrame:
    """metric × seed: unguided test scores at the end of the budget."""
    tables = results.tables(store, track)
    of_entry = tables.where((tables.runs["entry"] == entry) & (tables.runs["target"] == target))
    final = _final(of_entry.scores).join(of_entry.runs["seed"], RUN)
    wide = final.pivot_table(index="metric", columns="seed", values="value", aggfunc="last", observed=True)
    return wide.reindex([name for name in METRICS if name in wide.index])


def mlflow_server() -> str | None:
    """The MLflow server that holds the runs, where there is one that a browser can open."""
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    return server.rstrip("/") if urlsplit(server).scheme in ("http", "https") else None


def mlflow_link(run_id: str, store: ResultSource, track: str, server: str) -> str:
    """The run's page on an MLflow server."""
    return f"{server}/#/experiments/{Store(store.folder).experiment(track)}/runs/{run_id}"
