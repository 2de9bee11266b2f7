"""How much of the noise over seeds comes from training, and how much from the sampling noise of the evaluation.

Each run is sampled twice with the same weights and independent noise (`fd` and `fd_resampled` at the scale that wins on
validation), which makes a balanced one-way random-effects table of n seeds × 2 samplings: yₛⱼ = μ + Tₛ + Eₛⱼ.

    sampling  σ_E² = mean of (yₛ₁ − yₛ₂)² / 2                                 n degrees of freedom, χ² interval
    total     σ_T² + σ_E² = MS_seeds / 2 + σ_E² / 2,  MS_seeds = 2 var(ȳₛ)     the variance of one score over seeds
    training  σ_T² = total − σ_E² = (MS_seeds − σ_E²) / 2                     Williams–Tukey interval (Williams 1962,
                                                                              Biometrika 49, 278–281), cut at 0

Intervals of variances take noise as normal on the log scale. In a simulation with skewness 1 (gamma(4) noise) those of
sampling covered 92 % and those of training 95 to 96 %; with a lognormal's skewness of 6 as little as 53 and 68 %.

The scale was chosen by the first sampling's validation score, so the first fd is a little luckier than the second; what
that shifts counts as sampling noise.

Entries and cells share the sampling noise of a seed, so a pool over them is averaged within each seed first and keeps
n and n − 1 degrees of freedom: as sure as one entry alone, never surer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from harness import tracks
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.comparisons.choice import EVERYTHING, Choice, selected
from leaderboards.data.tables import Tables, plain
from leaderboards.render.report import Report, percent, sheet
from leaderboards.statistics.student_t import CONFIDENCE, Array
from leaderboards.wording import with_interval

ALL_ENTRIES = "all"
FIRST, SECOND = "fd", "fd_resampled"


@dataclass(frozen=True)
class SeedDeviations:
    """Standard deviations over seeds on the log scale, with 95 % intervals.

    sampling: of the noise that samples are drawn from; training: of everything else that a seed decides
    share:    sampling variance / total variance; NaN where neither varies
    """

    seeds: int
    sampling: float
    sampling_low: float
    sampling_high: float
    training: float
    training_low: float
    training_high: float

    @property
    def share(self) -> float:
        total = self.sampling**2 + self.training**2
        return self.sampling**2 / total if total else float("nan")


@dataclass(frozen=True)
class VarianceRow:
    """One entry in one cell; "all" where entries or cells were pooled. of: "score", or "ratio" to the baseline."""

    target: str
    entry: str
    of: str
    split: SeedDeviations


@dataclass(frozen=True)
class VarianceTable:
    """Standard deviations of each entry in each cell, pooled in each cell, and over all."""

    rows: tuple[VarianceRow, ...]
    notes: tuple[str, ...] = ()


def split(first: ArrayLike, second: ArrayLike) -> SeedDeviations | None:
    """Training and sampling standard deviation from two samplings of each seed's weights; None below two seeds.

    first, second: (…, seeds) log scores of entries and cells in the leading axes, NaN = missing. A seed counts where
    all of them have both.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (first, second))
    first, second = (values.reshape(-1, values.shape[-1]) for values in (first, second))
    complete = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    n = int(complete.sum())
    if n < 2:
        return None
    between, within = (square.mean() for square in mean_squares(first[:, complete], second[:, complete]))
    training = np.maximum(0.0, (between - within) / 2)
    values = (within, *sampling_interval(within, n), training, *training_interval(between, within, n))
    return SeedDeviations(n, *(float(np.sqrt(value)) for value in values))


def mean_squares(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    """MS between seeds, 2 var(ȳₛ), and within them, mean of (yₛ₁ − yₛ₂)² / 2: (…, seeds) → (…)."""
    first, second = (np.asarray(values, dtype=np.float64) for values in (first, second))
    return 2 * np.var((first + second) / 2, axis=-1, ddof=1), np.square(first - second).mean(axis=-1) / 2


def sampling_interval(within: ArrayLike, n: int) -> tuple[Array, Array]:
    """χ² interval of σ_E²: n MS_within / χ²(n) quantiles."""
    low, high = _quantiles(n).sampling
    total = n * np.asarray(within, dtype=np.float64)
    return total / high, total / low


def training_interval(between: ArrayLike, within: ArrayLike, n: int) -> tuple[Array, Array]:
    """Williams–Tukey interval of σ_T²: (n − 1) (MS_seeds − F MS_within) / (2 χ²(n − 1)), cut at 0.

    F and χ² at their upper quantiles for the lower bound, at their lower ones for the upper.
    """
    between, within, quantiles = np.asarray(between), np.asarray(within), _quantiles(n)
    low, high = (
        np.maximum(0.0, (n - 1) * (between - quantiles.ratio[side] * within) / (2 * quantiles.training[side]))
        for side in (1, 0)
    )
    return low, high


def variance_table(
    scores: pd.DataFrame, baseline: str, notes: tuple[str, ...] = (), distance: str = FIRST
) -> VarianceTable:
    """Splits of log fd, and of the log ratio to the baseline, for every entry with two seeds sampled twice.

    scores:   as `selection.Selected` holds them
    distance: what fd is called on the track
    """
    twice = bool((scores["metric"] == SECOND).any())
    wide = _both_samplings(scores, distance) if twice else pd.DataFrame()
    if wide.empty:
        return VarianceTable((), (*notes, f"no run has {SECOND}, the second sampling that this needs"))
    rows: list[VarianceRow] = []
    for of, values in (("score", wide), ("ratio", _against(wide, baseline))):
        first, second = (values[column].unstack("seed") for column in (FIRST, SECOND))
        for target, entry, at in _pools(first.index, first.notna().sum(axis=1).to_numpy()):
            if (parts := split(first.to_numpy()[at], second.to_numpy()[at])) is not None:
                rows.append(VarianceRow(target, entry, of, parts))
    return VarianceTable(tuple(rows), notes)


class _Quantiles(NamedTuple):
    """The 2.5 % and 97.5 % quantiles that n seeds need: χ²(n), χ²(n − 1), F(n − 1, n)."""

    sampling: tuple[float, float]
    training: tuple[float, float]
    ratio: tuple[float, float]


@lru_cache(maxsize=64)
def _quantiles(n: int) -> _Quantiles:
    low, high = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    laws = stats.chi2(n), stats.chi2(n - 1), stats.f(n - 1, n)
    return _Quantiles(*((float(law.ppf(low)), float(law.ppf(high))) for law in laws))


def _both_samplings(scores: pd.DataFrame, distance: str) -> pd.DataFrame:
    """(target, label, seed) × (fd, fd_resampled): logarithms at the scale at which a run was sampled twice."""
    at_end = (scores["split"] == "test") & np.isclose(scores["mark"], 1.0)
    rows = plain(scores[at_end & scores["metric"].isin((distance, SECOND))]).replace({"metric": {distance: FIRST}})
    again = rows.loc[rows["metric"] == SECOND, ["run", "guidance"]].rename(columns={"guidance": "chosen"})
    rows = rows.merge(again, on="run")
    same = np.isclose(rows["guidance"], rows["chosen"]) | (rows["guidance"].isna() & rows["chosen"].isna())
    wide = rows[same].pivot_table(index=["target", "label", "seed"], columns="metric", values="value", aggfunc="last")
    wide = wide.reindex(columns=[FIRST, SECOND]).dropna()
    logs: pd.DataFrame = wide[(wide > 0).all(axis=1)].apply(np.log)
    return logs


def _against(wide: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The same minus the baseline's of the same cell and seed; entries other than the baseline."""
    labels = wide.index.get_level_values("label")
    others, reference = wide[labels != baseline], wide[labels == baseline].droplevel("label")
    same = pd.MultiIndex.from_frame(others.index.to_frame()[["target", "seed"]])
    return (others - reference.reindex(same).to_numpy()).dropna()


def _pools(index: pd.Index[Any], seeds: NDArray[np.int64]) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    """Target, entry and rows of each entry of each cell, of each cell over its entries, and of everything.

    A pool is over the entries with as many seeds as any, so that one with fewer does not take seeds from the others.

    index: (target, label) of each row; seeds: its number of seeds
    """
    targets, labels = index.get_level_values("target"), index.get_level_values("label")
    for target in sorted(set(targets)):
        rows = np.flatnonzero(targets == target)
        for row in rows:
            yield str(target), str(labels[int(row)]), np.array([row])
        yield str(target), ALL_ENTRIES, rows[seeds[rows] == seeds[rows].max()]
    if len(set(targets)) > 1:
        yield ALL_TARGETS, ALL_ENTRIES, np.flatnonzero(seeds == seeds.max())


def variances_of(tables: Tables, track: str, choice: Choice = EVERYTHING) -> VarianceTable:
    """Training against sampling noise of fd, whatever the choice ranks by, at the scales that validation chose."""
    first = tracks.get(track).evaluation.distance
    chosen = selected(tables, track, choice, [first, SECOND])
    rows = chosen if choice.target is None else chosen.of(choice.target)
    return variance_table(rows.scores, chosen.baseline, chosen.notes, first)


def view(tables: Tables, track: str, choice: Choice) -> Report:
    """How much of the noise over seeds is sampling."""
    table = variances_of(tables, track, choice)
    if not table.rows:
        return Report((), (), table.notes)
    headers = ["target", "entry", "seeds", "sampling sd [95 %]", "training sd [95 %]", "share of sampling"]
    titles = {"score": "log fd", "ratio": "log ratio of fd to the baseline"}
    sheets = []
    for of, name in titles.items():
        rows = [_row(row) for row in table.rows if row.of == of]
        if rows:
            sheets.append(sheet(f"{track} · noise of {name} over seeds", headers, rows, names=[0, 1]))
    return Report(
        tuple(sheets),
        tuple(_record(row) for row in table.rows),
        (
            "sampling: from a second sampling of the same weights; training: the rest. Standard deviations on the log"
            " scale; 0.05 is about 5 %. Intervals: χ² and Williams–Tukey, for noise that is normal on this scale.",
            *(f"note: {note}" for note in table.notes),
        ),
    )


def _row(row: VarianceRow) -> list[str]:
    split = row.split
    sampling = with_interval(split.sampling, split.sampling_low, split.sampling_high)
    training = with_interval(split.training, split.training_low, split.training_high)
    return [row.target, row.entry, str(split.seeds), sampling, training, percent(split.share)]


def _record(row: VarianceRow) -> dict[str, object]:
    return {"target": row.target, "entry": row.entry, "of": row.of, **asdict(row.split), "share": row.split.share}
