"""What a page is asked to rank: the choices that the leaderboard, Compare and Transfer have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from app.data.families import family
from leaderboards.boards.board import BASELINE
from leaderboards.boards.rows import ALL_TARGETS

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
        found = {"track": self.track, "target": self.target, "metric": self.metric, "guidance": self.guidance}
        usual = View(self.track)
        more = ("budget", "parameters", "family", "search", "focus")
        return found | {key: getattr(self, key) for key in more if getattr(self, key) != getattr(usual, key)}

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

    def shown(self, table: pd.DataFrame) -> tuple[str, ...] | None:
        """The entries that are shown; None for all. The published baseline always is: ratios are to it."""
        if self.whole == self:
            return None
        found = table.drop_duplicates("entry")
        each = zip(found["entry"], found["schedule"], found["tuned"], strict=True)
        return tuple(
            str(name)
            for name, schedule, tuned in each
            if name == BASELINE
            or (
                (self.parameters == "both" or tuned == (self.parameters == "tuned"))
                and self.names(str(name), str(schedule))
            )
        )

    def at_budget(self, table: pd.DataFrame) -> pd.DataFrame:
        """The long table as it would be had training ended at the budget that is ranked."""
        return table if self.budget == FULL else cut(table, self.mark)


def cut(table: pd.DataFrame, mark: float) -> pd.DataFrame:
    """The table as it would be had training ended at this share of the budget; what has no marks (seconds) is gone."""
    early = table[(table["mark"] <= mark + 1e-9) & (table["split"] != "")]
    early = early.assign(mark=np.where(np.isclose(early["mark"], mark), 1.0, early["mark"] / mark))
    lost = table[table["outcome"] == "diverged"]
    return pd.concat([early[early["outcome"] != "diverged"], lost])
