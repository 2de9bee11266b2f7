"""Results of a track as two DataFrames, and the board of them, for notebooks.

>>> import leaderboards
>>> results = leaderboards.published("gmm-v1")
>>> board = leaderboards.board(results, target="v")
>>> bool((board["target"] == "v").all())
True
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import pandas as pd

from leaderboards.data.tables import RUN, Tables, plain
from schedules.errors import UserError

SCORE_COLUMNS = ("run_id", "entry", "target", "seed", "metric", "split", "guidance", "mark", "value")


@dataclass(frozen=True)
class Results:
    """The runs of a track and what they scored.

    track:  its name
    tables: what boards are made from: `runs` and `scores` without the words of a run beside each of its scores
    notes:  what was left out when results of several places were put together

    >>> import leaderboards
    >>> results = leaderboards.published("gmm-v1")
    >>> of_laplace = results.runs.query("entry == 'laplace' and target == 'v'")
    >>> bool((of_laplace["outcome"] == "finished").all())
    True
    """

    track: str
    tables: Tables = field(repr=False)
    notes: tuple[str, ...] = ()

    @functools.cached_property
    def runs(self) -> pd.DataFrame:
        """One row for each run: entry, target, seed, parameters, outcome, run key, where it was made."""
        return self.tables.runs.reset_index(drop=True)

    @functools.cached_property
    def scores(self) -> pd.DataFrame:
        """One row for each score: `run_id, entry, target, seed, metric, split, guidance, mark, value`.

        split: "test", or "val" for what a guidance scale is chosen by; guidance: NaN where no samples are drawn;
        mark: share of the budget.
        """
        return plain(self.tables.scores.join(self.tables.runs[["run_id", "entry", "target", "seed"]], RUN))[
            list(SCORE_COLUMNS)
        ]


def published(track: str) -> Results:
    """The released results of a track, read from the package. UserError for a track that has none.

    >>> sorted(set(published("digits-v1").runs["seed"]))
    [0, 1, 2, 3, 4]
    """
    from leaderboards.data.released import published_table

    return Results(_named(track), published_table(track))


def load(store: str | Path, track: str, *, with_published: bool = False) -> Results:
    """The results that a store holds of a track; UserError for a store that is not there, which reading never makes.

    with_published: the released results of the track beside them

    >>> import leaderboards
    >>> leaderboards.load("not-there", "gmm-v1")
    Traceback (most recent call last):
    ...
    schedules.errors.UserError: no store at not-there; `snrbench run gmm-v1 ... --store not-there` makes one
    """
    from leaderboards.releases.sources import Sources, table_of

    if not isinstance(store, str | PathLike):
        raise UserError(f"store is {store!r}; expected the path of a folder")
    tables, notes = table_of(Sources(Path(store), published=with_published), _named(track))
    return Results(track, tables, tuple(notes))


def board(
    results: Results,
    metric: str | None = None,
    target: str | None = None,
    guidance: str | float = "best",
) -> pd.DataFrame:
    """The ranked table of results: one row for each entry and target, those over all targets with target "all".

    metric:   None takes the track's primary one
    target:   None takes all that have runs, and the table over them
    guidance: "best", or one of the track's scales

    Columns as in `snrbench leaderboard --format json`: rank, entry, schedule, params, weighting, apply, target, metric,
    guidance, mean, ci_low, ci_high, seeds, ratio, ratio_low, ratio_high, speedup, tuned, floor and more;
    `leaderboards/columns.md` has them all, with their units, and those of `Results`.
    UserError for a name that is unknown, TypeError for results that are none.

    >>> import leaderboards
    >>> table = leaderboards.board(leaderboards.published("digits-v1"), metric="fd", target="v")
    >>> best, baseline = table.iloc[0], table.set_index("entry").loc["cosine"]
    >>> bool(best["ratio_high"] < baseline["ratio"] == 1.0)
    True
    """
    from leaderboards.boards.query import board_of
    from leaderboards.render.values import record

    if not isinstance(results, Results):
        raise TypeError(
            f"results is a {type(results).__name__}; expected what leaderboards.published(track) or "
            "leaderboards.load(store, track) gives"
        )
    ranked = board_of(results.tables, results.track, metric=metric, target=target, guidance=guidance)
    return pd.DataFrame([record(row) for row in ranked.rows])


def _named(track: str) -> str:
    from harness import tracks

    return tracks.get(track).name
