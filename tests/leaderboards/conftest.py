"""Synthetic runs and scores with known truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leaderboards.data.tables import MEASURED, RUN, Tables

COLUMNS = [
    *("run_key", "run_id", "protocol", "track", "target", "entry", "schedule", "params", "weighting", "apply", "seed"),
    *("outcome", "reason", "diverged_step", "fingerprint", "tuned", "device", "started"),
]


@dataclass(frozen=True)
class Metric:
    """Stands in for `harness.metrics.metric.Metric`."""

    name: str = "fd"
    title: str = "Fréchet distance"
    unit: str = ""
    better: str = "lower"
    compare: str = "ratio"
    summary: str = "distance of generated to held-out data"


class Table:
    """Runs and their scores, one after the other."""

    def __init__(self) -> None:
        self.runs: list[dict[str, object]] = []
        self.scores: list[dict[str, object]] = []

    def run(
        self,
        entry: str,
        seed: int,
        scores: Mapping[tuple[str, float, float], float] | float | None,
        target: str = "v",
        metric: str = "fd",
        **facts: object,
    ) -> Table:
        """One run. scores: {(split, guidance, mark): value}; a number is the test score without guidance at the end;
        None is a run that diverged."""
        number = len(self.runs) + 1
        run = {
            "run_key": f"key{number}",
            "run_id": f"run{number}",
            "protocol": "1",
            "track": "digits-v1",
            "target": target,
            "entry": entry,
            "schedule": entry.split(":")[0],
            "params": "{}",
            "weighting": "native",
            "apply": "sample",
            "seed": seed,
            "outcome": "finished",
            "reason": "",
            "diverged_step": np.nan,
            "fingerprint": "f" * 16,
            "tuned": False,
            "device": "cpu",
            "started": pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=number),
            **facts,
        }
        if scores is None:
            run |= {"outcome": "diverged", "reason": "loss is NaN", "diverged_step": 17.0}
            scores = {}
        self.runs.append(run)
        for (split, guidance, mark), value in (
            scores if isinstance(scores, Mapping) else {("test", np.nan, 1.0): scores}
        ).items():
            self.also(metric, value, split, guidance, mark)
        return self

    def also(self, metric: str, value: float, split: str = "", guidance: float = np.nan, mark: float = 1.0) -> Table:
        """One more score of the last run."""
        score = (len(self.runs) - 1, metric, split, guidance, mark, value)
        self.scores.append(dict(zip((RUN, *MEASURED), score, strict=True)))
        return self

    def runs_of(self, entry: str, scores: Sequence[float | None], target: str = "v", **facts: object) -> Table:
        """One run for each score, seeds 0, 1, …"""
        for seed, score in enumerate(scores):
            self.run(entry, seed, score, target, **facts)
        return self

    @property
    def tables(self) -> Tables:
        """With the columns of earlier versions, and those that any run was given besides."""
        more = dict.fromkeys(key for run in self.runs for key in run)
        runs = pd.DataFrame(self.runs, columns=list(dict.fromkeys([*COLUMNS, *more])))
        return Tables(runs, pd.DataFrame(self.scores, columns=[RUN, *MEASURED]).astype({"value": "float64"}))


@pytest.fixture(scope="session")
def tables() -> type[Table]:
    """For fixtures that live longer than a test."""
    return Table


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def metric() -> Callable[..., Metric]:
    return Metric


@pytest.fixture
def paper(table: Table) -> Tables:
    """Four entries × three targets × three seeds with guidance, marks and validation, as the quickstart leaves them.

    True ratios to cosine: laplace 0.5, cosine_scaled 0.7, edm 1.2 in every target; a seed's luck is shared by all.
    """
    rng = np.random.default_rng(7)
    truth = {"cosine": 1.0, "laplace": 0.5, "cosine_scaled:s=2": 0.7, "edm": 1.2}
    strength = {1.0: 1.0, 1.5: 0.6, 3.0: 2.0}
    for target, level in {"v": 2.0, "eps": 3.0, "x0": 1.0}.items():
        for seed in range(3):
            luck = np.exp(0.1 * rng.standard_normal())
            for entry, ratio in truth.items():
                own = ratio * level * luck * np.exp(0.01 * rng.standard_normal())
                scores = {
                    (split, g, 1.0): own * effect * np.exp(0.01 * rng.standard_normal())
                    for split in ("val", "test")
                    for g, effect in strength.items()
                }
                scores |= {("test", 1.0, 0.25): 4 * own, ("test", 1.0, 0.5): 2 * own}
                table.run(entry, seed, scores, target)
    return table.tables


@pytest.fixture(scope="session")
def _built(bulk, once) -> Path:
    return once("bulk", bulk.build)


@pytest.fixture
def real_store(_built, tmp_path, monkeypatch) -> Path:
    """A store in MLflow's own tables: four entries × three targets × three seeds; each test has a copy of its own."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return shutil.copytree(_built, tmp_path / "store")


@pytest.fixture(scope="session")
def costs_of() -> Callable[[int, int, int, float], np.ndarray]:
    """Makes the costs (entries, seeds) of a cell: entries at all distances, one of them twice, one without a score."""

    def costs_of_cell(seed: int, entries: int, seeds: int, missing: float) -> np.ndarray:
        rng = np.random.default_rng(seed)
        distances = rng.normal(scale=2, size=(entries, 1))
        costs = distances + rng.gamma(0.4, size=(entries, 1)) * rng.normal(size=(entries, seeds))
        costs[1] = costs[0]
        costs[2] = np.nan
        return np.where(rng.random(costs.shape) < missing, np.nan, costs)

    return costs_of_cell
