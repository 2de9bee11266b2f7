"""Long tables of any size, as `leaderboards.boards.query.runs_table` gives them, without a store behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def repeated(one_run: pd.DataFrame, entries: Sequence[str], targets: Sequence[str], seeds: int) -> pd.DataFrame:
    """The rows of one run for each entry, target and seed; scores of an entry grow with its place in `entries`."""
    names = [(name, target, seed) for name in entries for target in targets for seed in range(seeds)]
    runs, rows = len(names), len(one_run)
    table = one_run.iloc[np.tile(np.arange(rows), runs)].reset_index(drop=True)
    who = np.repeat(np.arange(runs), rows)

    def words(values: Sequence[str]) -> pd.Categorical:
        kinds = sorted(set(values))
        place = {kind: at for at, kind in enumerate(kinds)}
        return pd.Categorical.from_codes(np.array([place[value] for value in values])[who], categories=kinds)

    ids = [f"{at:032x}" for at in range(runs)]
    labels, of_target = [name for name, _, _ in names], [target for _, target, _ in names]
    rng = np.random.default_rng(0)
    luck = np.exp(0.1 * rng.standard_normal(seeds))
    place = {name: at for at, name in enumerate(entries)}
    level = np.array([(1 + 0.02 * place[name]) * luck[seed] for name, _, seed in names])
    level *= np.exp(0.02 * rng.standard_normal(runs))
    return table.assign(
        run_id=words(ids),
        run_key=words(ids),
        entry=words(labels),
        schedule=words(labels),
        fingerprint=words(labels),
        target=words(of_target),
        seed=np.array([seed for _, _, seed in names], dtype="int32")[who],
        value=table["value"].to_numpy() * level[who],
    )
