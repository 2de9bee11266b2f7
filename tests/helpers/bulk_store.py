"""Writes a store of many runs at once, straight into MLflow's tables: what the harness would leave, without training.

For tests and for `tests/benchmarks/leaderboard_scale.py`. The values have known truth: `ratio` of an entry to the
baseline in every score, and a seed's luck that all entries of the seed share.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from harness import tracks
from harness.metrics.keys import Measured
from harness.results.store import Store

TRUTH = {"cosine": 1.0, "laplace": 0.5, "cosine_scaled:s=2": 0.7, "edm": 1.2}
SHARES = ("memorised", "precision", "recall")
STEPS, LOSSES = 500, 50
NOW = 1_700_000_000_000
COMMON = {"weighting": "native", "apply": "sample", "params": "{}", "tuned": "false", "device": "cpu", "reason": ""}


def measured(guidance: Sequence[float]) -> list[Measured]:
    """What a run of a track with samples measures."""
    quantities = []
    for mark in (0.25, 0.5, 1.0):
        for scale in guidance if mark == 1.0 else (1.0,):
            quantities += [Measured("fd", split, scale, mark) for split in ("val", "test")]
            quantities.append(Measured("memorised", "test", scale, mark))
            if mark == 1.0:
                quantities += [Measured(name, split, scale) for name in ("kd", "kd_se") for split in ("val", "test")]
                quantities += [Measured(name, "test", scale) for name in ("precision", "recall")]
        quantities += [Measured(name, "test", mark=mark) for name in ("eps_error", "nll")]
    return [*quantities, Measured("fd_own_grid", "test"), Measured("fd_resampled", "test", 1.5)]


def names(count: int) -> dict[str, float]:
    """`count` entries and their ratios to the baseline."""
    rng = np.random.default_rng(1)
    return {"cosine": 1.0, **{f"laplace:loc={k}": float(np.exp(0.4 * rng.standard_normal())) for k in range(1, count)}}


def build(
    folder: Path,
    truth: Mapping[str, float] = TRUTH,
    targets: Sequence[str] = ("v", "eps", "x0"),
    seeds: int = 3,
    track: str = "digits-v1",
    curves: bool = True,
) -> Path:
    """A store with a run for each entry, target and seed. curves: with an ε-error curve in each run's artifacts."""
    store = Store(folder)
    store.prepare()
    append(folder, truth, targets, range(seeds), track, curves)
    return folder


def append(
    folder: Path,
    truth: Mapping[str, float],
    targets: Sequence[str],
    seeds: Sequence[int],
    track: str = "digits-v1",
    curves: bool = True,
) -> list[str]:
    """Add runs to a store; their ids."""
    store = Store(folder)
    experiment = store.experiment(track, create=True)
    fresh = f"{track} {len(list(folder.rglob('curves.json')))}" if curves else track
    rng = np.random.default_rng(0)
    with sqlite3.connect(store.database, timeout=60) as db:
        before = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        ids = []
        for entry, target, seed, level in _scores(truth, targets, seeds):
            number = before + len(ids)
            run_id = hashlib.md5(f"{fresh} {number}".encode()).hexdigest()
            _insert(db, run_id, experiment, _tags(track, entry, target, seed), number, level, rng)
            if curves:
                _curve(store.artifacts / track / run_id / "artifacts", level)
            ids.append(run_id)
    return ids


def _scores(
    truth: Mapping[str, float], targets: Sequence[str], seeds: Sequence[int]
) -> Iterator[tuple[str, str, int, float]]:
    for target in targets:
        for seed in seeds:
            rng = np.random.default_rng([seed, len(target)])
            luck = np.exp(0.1 * rng.standard_normal())
            for entry, ratio in truth.items():
                yield entry, target, seed, float(2 * ratio * luck * np.exp(0.02 * rng.standard_normal()))


def key(entry: str, target: str, seed: int, track: str = "digits-v1") -> str:
    """The run key of a run of such a store."""
    return hashlib.md5(f"{track} {entry} {target} {seed}".encode()).hexdigest()


def _tags(track: str, entry: str, target: str, seed: int) -> dict[str, str]:
    definition = tracks.get(track)
    run_key = key(entry, target, seed, track)
    return {
        **COMMON,
        **{"run_key": run_key, "protocol": definition.protocol, "track": track, "schedule": entry},
        **{"entry": entry, "target": target, "seed": str(seed), "outcome": "finished"},
        **{"fingerprint": hashlib.md5(entry.encode()).hexdigest()[:16], "track_fingerprint": definition.fingerprint},
        **{"hardware": "a test machine", "host": "here", "delivery": f"{run_key}-0"},
    }


def _insert(
    db: sqlite3.Connection,
    run_id: str,
    experiment: str | None,
    tags: Mapping[str, str],
    number: int,
    level: float,
    rng: np.random.Generator,
) -> None:
    started = NOW + 1000 * number
    columns = "run_uuid, user_id, name, source_type, status, start_time, end_time, lifecycle_stage"
    columns += ", artifact_uri, experiment_id"
    name, where = f"{tags['entry']} × {tags['target']}", f"/elsewhere/artifacts/{tags['track']}/{run_id}/artifacts"
    row = (run_id, "somebody", name, "LOCAL", "FINISHED", started, started + 900, "active", where, experiment)
    db.execute(f"INSERT INTO runs ({columns}) VALUES ({','.join('?' * len(row))})", row)
    tagged = [(f"snrbench.{key}", value, run_id) for key, value in tags.items()]
    db.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tagged)
    quantities = measured(tracks.get(tags["track"]).guidance)
    noise = np.exp(0.01 * rng.standard_normal(len(quantities)))
    scores = [level * (1 + abs((of.guidance or 1) - 1.5)) / of.mark * luck
              for of, luck in zip(quantities, noise.tolist(), strict=True)]  # fmt: skip
    last = [(of.mark_key, score / (1 + score) if of.metric in SHARES else score, round(STEPS * of.mark))
            for of, score in zip(quantities, scores, strict=True)]  # fmt: skip
    last.append(("delivered", (started + 1000) / 1000, 0))
    last += [("seconds/training", 9.0, STEPS), ("seconds/evaluation", 4.0, STEPS), ("memory/peak_mib", 300.0, STEPS)]
    steps = np.linspace(STEPS / LOSSES, STEPS, LOSSES).round().astype(int).tolist()
    losses = [("train/loss", float(np.exp(-step / 150) + 0.2), step) for step in steps]
    into = "(key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)"
    rows = [(key, value, started, step, run_id) for key, value, step in (*last, losses[-1])]
    db.executemany(f"INSERT INTO latest_metrics {into}", rows)
    db.executemany(
        f"INSERT INTO metrics {into}", [*rows[:-1], *((*loss[:2], started, loss[2], run_id) for loss in losses)]
    )


def _curve(folder: Path, level: float) -> None:
    folder.mkdir(parents=True)
    at = np.linspace(-8, 7, 31)
    error = (1 + 0.1 * level) / (1 + np.exp(-0.6 * at))
    (folder / "curves.json").write_text(json.dumps({"logsnr": at.tolist(), "eps_error": error.tolist()}))
