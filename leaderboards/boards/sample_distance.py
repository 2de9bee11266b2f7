"""Beside a score that draws no samples, how far the samples of the same runs are from the data."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from leaderboards.boards.rows import Board, Section
from leaderboards.data import scores, selection
from leaderboards.data.scale import MetricLike, Scale
from leaderboards.data.tables import Tables


def with_sample_distance(board: Board, tables: Tables, metric: MetricLike, filters: selection.Filters) -> Board:
    """The board with the mean of `metric` in each row, at the scale of guidance that wins on the validation split.

    metric:  a distance of samples, as `fd`, which ranks nothing here
    filters: those of the board, whose seeds to leave out count here too

    Over targets it is the geometric mean of those of the targets. Rows without it keep NaN.
    """
    chosen = selection.select(
        tables, board.track, [metric.name], baseline=board.baseline, protocol=board.protocol, filters=filters
    )
    means = {
        name: scores.cell_scores(chosen.of(name), metric.name, "best", Scale.of(metric)).values.mean(axis=1)
        for name in chosen.targets
    }
    cells = tuple(_beside(cell, means[cell.target]) for cell in board.cells if cell.target in means)
    overall = board.overall
    if overall is not None and set(overall.targets) <= set(means):
        every = pd.DataFrame({name: means[name] for name in overall.targets}).dropna()
        overall = _beside(overall, every.prod(axis=1) ** (1 / len(overall.targets)))
    return replace(board, cells=cells, overall=overall, samples_by=metric.name)


def _beside(section: Section, means: pd.Series) -> Section:
    distances = means.to_dict()
    rows = (replace(row, sample_distance=distances.get(row.entry, row.sample_distance)) for row in section.rows)
    return replace(section, rows=tuple(rows))
