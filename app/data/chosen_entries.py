"""The entries of a comparison: their rows on the board, their runs, their schedules and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

import schedules
from app.data import results
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style.theme import Style
from leaderboards.boards import tuned_parameters
from leaderboards.boards.rows import Board, Row, Section
from schedules import Schedule, UserError, weightings
from schedules.weightings import Weighting


@dataclass(frozen=True)
class Chosen:
    """What is compared: entries, in the order of `styles`, of one target of a track."""

    store: ResultSource
    view: View
    board: Board
    styles: Mapping[str, Style]

    @property
    def section(self) -> Section:
        return self.board.sections[-1]

    @property
    def rows(self) -> list[Row]:
        """The entries' rows, best first."""
        return [row for row in self.section.rows if row.entry in self.styles]

    def runs(self) -> pd.DataFrame:
        """The runs of the entries: label, seed, run_id, …"""
        ranked = results.ranked_runs(self.store, self.view.track, self.view.target)
        return ranked[ranked["label"].isin(list(self.styles)) & (ranked["outcome"] == "finished")]

    def by_run(self) -> dict[str, tuple[str, int]]:
        """run_id → entry and seed."""
        runs = self.runs()
        rows = zip(runs["run_id"].astype(str), runs["label"].astype(str), runs["seed"].astype(int), strict=True)
        return {run_id: (name, seed) for run_id, name, seed in rows}

    def densities(self) -> dict[str, tuple[Schedule, Weighting]]:
        """entry → its schedule and weighting, for those that this installation knows."""
        pairs = {}
        for row in self.rows:
            with suppress(UserError):
                pairs[row.entry] = (schedule_of(row), weightings.parse(row.weighting))
        return pairs


def schedule_of(row: Row) -> Schedule:
    """The schedule of a row, with the parameters that its runs had. UserError for one that is not known here."""
    if "@" not in row.schedule:
        return schedules.parse(row.schedule)
    return tuned_parameters.schedule_of(row.params, row.tuned_from)
