"""From what a reader chose to the comparisons beyond a board: resolution, transfer, tuning and the rest.

Everything takes the runs and scores that `query.runs_table` read and a `Choice`, which is hashable, so that a cache can
hold the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness import tracks
from leaderboards.boards.board import BASELINE
from leaderboards.boards.query import check_recorded, checked, noise_of
from leaderboards.comparisons import score_array
from leaderboards.comparisons.score_array import Panel
from leaderboards.data import selection
from leaderboards.data.selection import Filters, Selected
from leaderboards.data.tables import Tables


@dataclass(frozen=True)
class Choice:
    """What a reader looks at; the same words as `query.board_of`."""

    metric: str | None = None
    target: str | None = None
    guidance: str | float = "best"
    protocol: str | None = None
    keep: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    leave_out_seeds: tuple[int, ...] = ()
    focus: str | None = None
    whole_budget: bool = True

    @property
    def filters(self) -> Filters:
        """Entries to hide, and seeds to leave out."""
        return Filters(self.keep, self.leave_out, self.leave_out_seeds)


EVERYTHING = Choice()


def panel_of(tables: Tables, track: str, choice: Choice = EVERYTHING, mark: float = 1.0) -> Panel:
    """The scores that the board of this choice ranks. UserError for unknown names, as `query.board_of` raises.

    mark: fraction of the budget
    """
    return panels(tables, track, choice)(choice.guidance, mark)


def panels(tables: Tables, track: str, choice: Choice) -> Callable[[str | float, float], Panel]:
    """Panels of one choice at several guidance scales and marks, from one selection of its runs."""
    rules = tracks.get(track)
    metric, _ = checked(rules, choice.metric, choice.target, choice.guidance)
    check_recorded(tables, track, metric)
    chosen, noise = every(tables, track, choice, [metric.name]), noise_of(track) if choice.whole_budget else None
    keep = selection.shown(chosen.runs, choice.filters, chosen.baseline)

    def at(guidance: str | float, mark: float) -> Panel:
        scale = checked(rules, choice.metric, choice.target, guidance)[1]
        whole = score_array.panel(
            chosen,
            track=track,
            metric=metric,
            guidance=scale,
            target=choice.target,
            mark=mark,
            noise=noise,
            focus=choice.focus,
        )
        return whole if keep is None else whole.showing(keep)

    return at


def selected(tables: Tables, track: str, choice: Choice, metrics: Iterable[str]) -> Selected:
    """The runs of the entries that are shown."""
    return selection.showing(every(tables, track, choice, metrics), choice.filters)


def every(tables: Tables, track: str, choice: Choice, metrics: Iterable[str]) -> Selected:
    """The runs of all entries, shown or not."""
    return selection.select(tables, track, metrics, baseline=BASELINE, protocol=choice.protocol, filters=choice.filters)
