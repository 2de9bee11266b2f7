"""What a page is asked to rank: the choices that the leaderboard, Compare and Transfer have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from app.data.families import family
from leaderboards.boards.board import BASELINE
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.data.tables import RUN, Tables

PARAMETERS = {"both": "both", "published": "published", "tuned": "tuned"}
FULL = "1"


@dataclass(frozen=True)
class View:
    """Choices, as they stand in an address.

    target:     a prediction target, or "all"
    guidance:   "best", or a scale
    budget:     the share of the training budget that is ranked, as text
    parameters: "published", "tuned" or "both"
    family:     only entries of this family; empty for all
    search:     words that an entry's name must hold, all of them
    focus:      the entry that is tested against every other; empty tests all pairs

    Family, search and parameters hide entries; what is said of the others stays.
    """

    track: str
    target: str = ALL_TARGETS
    metric: str = ""
    guidance: str = "best"
    budget: str = FULL
    parameters: str = "both"
    family: str = ""
    search: str = ""
    focus: str = ""

    @property
    def address(self) -> dict[str, str]:
        """Query parameters; what is as everyone first sees it is left out."""
        address = {"track": self.track, "target": self.target, "metric": self.metric, "guidance": self.guidance}
        usual = View(self.track)
        more = ("budget", "parameters", "family", "search", "focus")
        return address | {key: getattr(self, key) for key in more if getattr(self, key) != getattr(usual, key)}

    @property
    def mark(self) -> float:
        """The share of the budget."""
        return float(self.budget)

    @property
    def one_target(self) -> str | None:
        """The target as `leaderboards` takes it: None is over all."""
        return None if self.target == ALL_TARGETS else self.target

    def of(self, **changes: Any) -> View:
        """The same with some choices changed."""
        return replace(self, **changes)

    def names(self, name: str, schedule: str) -> bool:
        """Whether an entry is asked for by family and search."""
        if self.family and family(schedule) != self.family:
            return False
        return all(word in name.lower() for word in self.search.lower().split())

    @property
    def whole(self) -> View:
        """The same without what only hides entries."""
        return self.of(parameters="both", family="", search="")

    def shown(self, runs: pd.DataFrame) -> tuple[str, ...] | None:
        """The entries that are shown; None for all. The published baseline always is: ratios are to it."""
        if self.whole == self:
            return None
        entries = runs.drop_duplicates("entry")
        facts = zip(entries["entry"], entries["schedule"], entries["tuned"], strict=True)
        return tuple(
            name
            for name, schedule, tuned in facts
            if name == BASELINE
            or ((self.parameters == "both" or tuned == (self.parameters == "tuned")) and self.names(name, schedule))
        )

    def at_budget(self, tables: Tables) -> Tables:
        """Runs and scores as they would be had training ended at the budget that is ranked."""
        return tables if self.budget == FULL else cut(tables, self.mark)


def cut(tables: Tables, mark: float) -> Tables:
    """The scores as they would be had training ended at this share of the budget; those without marks are gone."""
    scores = tables.scores
    early = scores[(scores["mark"] <= mark + 1e-9) & (scores["split"] != "")]
    early = early.assign(mark=np.where(np.isclose(early["mark"], mark), 1.0, early["mark"] / mark))
    runs = tables.runs
    return Tables(runs[runs.index.isin(early[RUN].unique()) | (runs["outcome"] == "diverged")], early)
