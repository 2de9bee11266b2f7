"""Runs and scores of any size, as `leaderboards.boards.query.runs_table` gives them, without a store behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leaderboards.data.tables import Tables


def repeated(one_run: Tables, entries: Sequence[str], targets: Sequence[str], seeds: int) -> Tables:
    """One run for each entry, target and seed; scores of an entry grow with its place in `entries`."""
    names = [(name, target, seed) for name in entries for target in targets for seed in range(seeds)]
    labels, of_target, of_seed = zip(*names, strict=True)
    ids = [f"{at:032x}" for at in range(len(names))]
    runs = one_run.runs.iloc[np.zeros(len(names), dtype=int)].reset_index(drop=True)
    runs = runs.assign(run_id=ids, run_key=ids, entry=labels, schedule=labels, fingerprint=labels)
    rng = np.random.default_rng(0)
    luck = np.exp(0.1 * rng.standard_normal(seeds))
    place = {name: at for at, name in enumerate(entries)}
    level = np.array([(1 + 0.02 * place[name]) * luck[seed] for name, _, seed in names])
    level *= np.exp(0.02 * rng.standard_normal(len(names)))
    scores = one_run.scores.iloc[np.tile(np.arange(len(one_run.scores)), len(names))].reset_index(drop=True)
    number = np.repeat(np.arange(len(names)), len(one_run.scores))
    return Tables(
        runs.assign(target=of_target, seed=of_seed),
        scores.assign(run=number, value=scores["value"].to_numpy() * level[number]),
    )
