"""From what a reader chose to the comparisons beyond a board: resolution, transfer, tuning and the rest.

Everything takes the runs and scores that `query.runs_table` read and a `Choice`, which is hashable, so that a cache can
hold the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from harness import tracks
from harness.metrics.registry import METRICS
from leaderboards.boards import entry_facts
from leaderboards.boards.board import BASELINE
from leaderboards.boards.query import check_recorded, checked, noise_of
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.boards.tuned_entries import fairness_notes
from leaderboards.comparisons import score_array, variance
from leaderboards.comparisons.pareto import Pareto, pareto
from leaderboards.comparisons.published_vs_tuned import TunedTable, tuned_table
from leaderboards.comparisons.score_array import Panel
from leaderboards.comparisons.transfer import Transfer, transfer
from leaderboards.comparisons.variance import VarianceTable, variance_table
from leaderboards.data import cost, selection
from leaderboards.data.scale import MetricLike
from leaderboards.data.scores import UNGUIDED
from leaderboards.data.selection import Filters, Selected
from leaderboards.data.tables import Tables
from schedules.errors import unknown

AXES = ("target", "guidance", "mark", "metric", "grid")
"""What the order of entries may or may not carry over, within a track."""
OWN_GRID = "fd_own_grid"
PARETO_METRICS = ("fd", "recall", "nll", "seconds")


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


@dataclass(frozen=True)
class Seconds:
    """Seconds of a run, as a metric that entries can be compared by."""

    name: str
    title: str = "Training time"
    unit: str = "s"
    better: str = "lower"
    compare: str = "ratio"


def panel_of(tables: Tables, track: str, choice: Choice = EVERYTHING, mark: float = 1.0) -> Panel:
    """The scores that the board of this choice ranks. UserError for unknown names, as `query.board_of` raises.

    mark: fraction of the budget
    """
    return _panels(tables, track, choice)(choice.guidance, mark)


def variances_of(tables: Tables, track: str, choice: Choice = EVERYTHING) -> VarianceTable:
    """Training against sampling noise of fd, whatever the choice ranks by, at the scales that validation chose."""
    first = tracks.get(track).evaluation.distance
    chosen = _selected(tables, track, choice, [first, variance.SECOND])
    rows = chosen if choice.target is None else chosen.of(choice.target)
    return variance_table(rows.scores, chosen.baseline, chosen.notes, first)


def tuned_table_of(tables: Tables, track: str, choice: Choice = EVERYTHING) -> TunedTable:
    """Published against tuned, in each cell of the choice and over them."""
    found = panel_of(tables, track, choice)
    chosen = _selected(tables, track, choice, [found.metric.name])
    parts = {cell: chosen.of(cell) for cell in found.cells}
    known = {cell: entry_facts.of_cell(part.runs, part.scores) for cell, part in parts.items()}
    if known:
        known[ALL_TARGETS] = entry_facts.over_cells(known)
    return tuned_table(found, known, (*found.notes, *fairness_notes(chosen.runs, chosen.baseline)))


def pareto_of(
    tables: Tables, track: str, choice: Choice = EVERYTHING, metrics: tuple[str, ...] = PARETO_METRICS
) -> Pareto | None:
    """The Pareto front of several metrics, those of them that were recorded; "seconds" is the time of training.

    "fd" stands for the Fréchet distance by the name that it has on the track.

    Seconds are left out, and a note says so, where runs of several machines meet. UserError for an unknown metric.
    """
    recorded = tables.metrics
    found: dict[str, Panel] = {}
    notes: list[str] = []
    for name in metrics:
        name = tracks.get(track).evaluation.distance if name == "fd" else name
        if name == "seconds":
            chosen = _selected(tables, track, choice, cost.SECONDS)
            mixed = cost.machines_note(chosen.scores)
            notes += mixed
            if cost.SECONDS[0] in recorded and not mixed:
                metric: MetricLike = Seconds(cost.SECONDS[0])
                found[name] = score_array.panel(chosen, track=track, metric=metric, target=choice.target)
        elif name not in METRICS:
            raise unknown("metric", name, [*METRICS, "seconds"])
        elif name in recorded:
            found[name] = panel_of(tables, track, replace(choice, metric=name))
        else:
            notes.append(f"{name} was not recorded")
    front = pareto(found)
    return front if front is None else replace(front, notes=tuple(dict.fromkeys((*front.notes, *notes))))


def transfer_of(tables: Tables, track: str, axis: str, choice: Choice = EVERYTHING) -> Transfer | None:
    """Whether the order of entries holds over one axis; None where there is only one condition.

    axis: "target", "guidance" (the track's scales, and best), "mark" (unguided, fractions of the budget), "metric" (all
          that were recorded, except standard errors), "grid" (unguided, on the track's λ grid and the schedule's own)

    UserError for another axis.
    """
    if axis not in AXES:
        raise unknown("axis", axis, AXES)
    return transfer(axis, _conditions(tables, track, axis, choice))


def transfer_over_tracks(
    of_tracks: Mapping[str, Tables],
    choice: Choice = EVERYTHING,
    shown: Mapping[str, tuple[str, ...] | None] | None = None,
) -> Transfer | None:
    """Whether the order of entries holds over tracks, each by its own primary metric unless the choice names one.

    of_tracks: track → its runs and scores. Seeds of two tracks share nothing but their number
    shown:  track → the entries to show of it, in place of the choice's

    UserError for a guidance scale or target that one of the tracks lacks.
    """
    found = {}
    for track, tables in of_tracks.items():
        keep = choice.keep if shown is None else shown.get(track)
        found[track] = panel_of(tables, track, replace(choice, keep=keep))
    return transfer("track", found)


def _conditions(tables: Tables, track: str, axis: str, choice: Choice) -> dict[str, Panel]:
    rules, recorded = tracks.get(track), tables.metrics
    if axis == "metric":
        ranked = [name for name, metric in METRICS.items() if metric.ranks and name in recorded]
        return {name: panel_of(tables, track, replace(choice, metric=name)) for name in ranked}
    if axis == "grid":
        names = {"the track's grid": rules.evaluation.distance, "own grid": OWN_GRID}
        unguided = replace(choice, guidance=UNGUIDED)
        return {
            name: panel_of(tables, track, replace(unguided, metric=metric))
            for name, metric in names.items()
            if metric in recorded
        }
    at = _panels(tables, track, choice)
    whole = at(choice.guidance, 1.0)
    if axis == "target":
        return {cell: whole.cell(cell) for cell in whole.cells}
    if axis == "mark":
        guidance = choice.guidance if whole.guidance is None else UNGUIDED
        return {f"{mark:.0%} of budget": at(guidance, mark) for mark in rules.marks}
    if whole.guidance is None:
        return {}
    return {**{f"g = {scale:g}": at(scale, 1.0) for scale in rules.guidance}, "best g": at("best", 1.0)}


def _panels(tables: Tables, track: str, choice: Choice) -> Callable[[str | float, float], Panel]:
    """Panels of one choice at several guidance scales and marks, from one selection of its runs."""
    rules = tracks.get(track)
    metric, _ = checked(rules, choice.metric, choice.target, choice.guidance)
    check_recorded(tables, track, metric)
    chosen, noise = _every(tables, track, choice, [metric.name]), noise_of(track) if choice.whole_budget else None
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


def _selected(tables: Tables, track: str, choice: Choice, metrics: Iterable[str]) -> Selected:
    """The runs of the entries that are shown."""
    return selection.showing(_every(tables, track, choice, metrics), choice.filters)


def _every(tables: Tables, track: str, choice: Choice, metrics: Iterable[str]) -> Selected:
    """The runs of all entries, shown or not."""
    return selection.select(tables, track, metrics, baseline=BASELINE, protocol=choice.protocol, filters=choice.filters)
