"""How far our order of schedules agrees with a published one.

Of the rows that a paper and a track have in common, on one target, at one scale of ours and one column of the paper's:

    τ          Kendall's τ_b between our means over seeds and the paper's numbers; (1 + τ)/2 of the pairs stand in the
               same order where none is tied
    p          exact, over all n! ways to shuffle one order against the other
    interval   Student's t over the τ of each seed's runs, cut at ±1; none where every seed has the same. A single
               seed's order is noisier than that of means, so τ itself may lie outside
    moved      the range of τ when each of the paper's numbers may be off by 3, or by 10 %, of itself

Which comparisons there are never depends on how they come out: all scales of ours by all columns of the paper's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import nan

import numpy as np
from numpy.typing import NDArray

from harness import tracks
from harness.metrics.metric import Metric
from harness.metrics.registry import METRICS
from leaderboards.boards.board import BASELINE
from leaderboards.boards.query import check_recorded, checked
from leaderboards.comparisons import score_array
from leaderboards.comparisons.agreement.matched_rows import Match, Reading, entries, readings
from leaderboards.comparisons.choice import EVERYTHING, Choice
from leaderboards.comparisons.score_array import Panel
from leaderboards.data import selection
from leaderboards.data.scores import UNGUIDED, Guidance
from leaderboards.data.tables import Tables
from leaderboards.literature.preregistration import Status, status
from leaderboards.literature.schema import BEST, PublishedTable
from leaderboards.literature.tables import published_tables
from leaderboards.statistics.order_agreement import moved_range, permutation_p, tau_b
from leaderboards.statistics.student_t import Array, student

NONE = "none"
"""Our column of a metric that has no guidance."""
SLIGHTLY, FAR = 0.03, 0.10
"""By which share of itself a paper's number may be off."""


@dataclass(frozen=True)
class Disagreement:
    """Two entries that a paper has in this order and we in the other.

    told_apart: whether our seeds show a difference, in the board's own family of tests; None across two targets
    """

    first: str
    second: str
    told_apart: bool | None

    def __str__(self) -> str:
        shown = {True: "told apart here", False: "not told apart here", None: "of two targets"}[self.told_apart]
        return f"{self.first} before {self.second} there, after it here ({shown})"


@dataclass(frozen=True, eq=False)
class Agreement:
    """One comparison.

    table, file:       the published one
    metric:            ours
    target, subset:    as in `matched_rows.Reading`
    ours, theirs:      our column ("best", a scale, "none") and the paper's ("best" over its scales, or its name)
    share:             of our budget
    labels, entries:   of the rows, by the paper's names and by ours
    numbers:           (rows,) the paper's
    scores:            (rows, seeds) ours, in the metric's unit; NaN where there was no run, ±∞ where it diverged
    incomplete:        entries that lack a seed which others have
    tau, p:            of means over seeds; tau_complete: without the incomplete ones
    tau_low, tau_high: t interval over the τ of single seeds, around their mean tau_of_seeds
    same_order:        share of the pairs; ties count half
    moved_3, moved_10: range of τ
    """

    table: PublishedTable
    file: str
    track: str
    metric: str
    target: str
    subset: str
    ours: str
    theirs: str
    share: float
    labels: tuple[str, ...]
    entries: tuple[str, ...]
    numbers: Array
    scores: Array
    seeds: tuple[int, ...]
    incomplete: tuple[str, ...]
    absent: tuple[str, ...]
    tau: float
    tau_complete: float
    p: float
    tau_of_seeds: float
    tau_low: float
    tau_high: float
    same_order: float
    moved_3: tuple[float, float]
    moved_10: tuple[float, float]
    disagreements: tuple[Disagreement, ...]
    status: Status

    @property
    def rows(self) -> int:
        """How many were compared."""
        return len(self.entries)

    @property
    def guidance(self) -> str:
        """Both columns in a word: "best" where both are chosen for each row, at the full budget."""
        if self.ours in (BEST, NONE) and self.theirs == BEST and self.share == 1:
            return BEST
        return f"{self.ours} against {self.theirs}"


def told_apart(cell: Panel) -> NDArray[np.bool_]:
    """(entries, entries): pairs of one target that the board of these runs tells apart."""
    return cell.verdicts.told


def agreements(tables: Tables, track: str, choice: Choice = EVERYTHING) -> tuple[Agreement, ...]:
    """Every comparison of a track's runs with the published tables.

    Of a track that is ranked by a risk, its sample distance is compared too, after it. UserError for unknown names.

    choice: a target, a metric and a guidance scale other than "best" narrow what is compared
    """
    rules = tracks.get(track)
    metric, _ = checked(rules, choice.metric, choice.target, choice.guidance)
    check_recorded(tables, track, metric)
    metrics = [metric]
    distance = METRICS[rules.evaluation.distance]
    if choice.metric is None and not metric.guided and distance.name in tables.metrics:
        metrics.append(distance)
    return tuple(agreement for measure in metrics for agreement in _of_metric(tables, track, choice, measure))


@dataclass(frozen=True)
class _OurColumn:
    name: str
    share: float
    panel: Panel

    @property
    def whole(self) -> bool:
        """Every row's own scale, or none, at the full budget."""
        return self.name in (BEST, NONE) and self.share == 1


def _of_metric(tables: Tables, track: str, choice: Choice, metric: Metric) -> Iterator[Agreement]:
    chosen = selection.select(
        tables, track, [metric.name], baseline=BASELINE, protocol=choice.protocol, filters=choice.filters
    )
    columns = list(_columns(chosen, track, choice, metric))
    if not columns:
        return
    verdicts = _verdicts()
    have, there = columns[0].panel.cells, entries(chosen.runs)
    targets = have if choice.target is None else tuple(cell for cell in have if cell == choice.target)
    for file, published in published_tables().items():
        for reading in readings(published, there, targets):
            for column in columns:
                for theirs in _their_columns(published, column):
                    agreement = _compared(published, reading, column, theirs, verdicts)
                    if agreement is not None:
                        specs = [match.row.spec for match in reading.matches if match.row.label in agreement.labels]
                        kind = status(track, file, reading.target, column.name, theirs, reading.subset, specs)
                        yield replace(agreement, file=file, track=track, metric=metric.name, status=kind)


def _columns(chosen: selection.Selected, track: str, choice: Choice, metric: Metric) -> Iterator[_OurColumn]:
    """Ours: best, each scale, and the marks before the end, which are unguided; those that have scores."""
    rules = tracks.get(track)
    scale = checked(rules, metric.name, choice.target, choice.guidance)[1]

    def at(guidance: Guidance, mark: float) -> Panel:
        return score_array.panel(chosen, track=track, metric=metric, guidance=guidance, target=choice.target, mark=mark)

    first = at(scale, 1.0)
    if not first.cells:
        return
    guided = first.guidance is not None
    yield _OurColumn(_named(scale) if guided else NONE, 1.0, first)
    if scale != BEST:
        return
    if guided:
        for fixed in rules.guidance:
            yield _OurColumn(_named(fixed), 1.0, at(fixed, 1.0))
    for mark in rules.marks:
        if mark < 1 and (early := at(UNGUIDED, mark)).cells:
            yield _OurColumn(_named(UNGUIDED) if guided else NONE, mark, early)


def _named(scale: Guidance) -> str:
    return scale if isinstance(scale, str) else f"{scale:g}"


def _their_columns(published: PublishedTable, ours: _OurColumn) -> Iterator[str]:
    """The best over scales first, then each column; shares of the paper's budget beside our best and our own shares."""
    if published.scales:
        yield BEST
    for column in published.columns:
        if column.share == 1 or ours.whole or ours.share < 1:
            yield column.name


def _compared(
    published: PublishedTable,
    reading: Reading,
    column: _OurColumn,
    theirs: str,
    verdicts: Callable[[Panel, str], NDArray[np.bool_]],
) -> Agreement | None:
    """None where fewer than two rows have a score and a number."""
    panel, numbers = column.panel, published.column(theirs)
    matches = [match for match in reading.matches if match.row.label in numbers and _has_score(panel, match)]
    if len(matches) < 2:
        return None
    scores = np.array([_scores(panel, match) for match in matches])
    present = ~np.isnan(scores).all(axis=0)
    scores, seeds = scores[:, present], tuple(np.array(panel.seeds)[present].tolist())
    paper = np.array([numbers[match.row.label] for match in matches])
    lost = np.isnan(scores).any(axis=1)
    ours = panel.scale.sign * np.nanmean(scores, axis=1)
    there = paper if published.metric.better == "lower" else -paper
    whole = scores[:, ~np.isnan(scores).any(axis=0)]
    of_seeds = student(tau_b(panel.scale.sign * whole.T, there)) if whole.size else student([nan])
    spread = of_seeds.sd > 0
    labels = tuple(match.row.label for match in matches)
    return Agreement(
        table=published,
        file="",
        track=panel.track,
        metric=panel.metric.name,
        target=reading.target,
        subset=reading.subset,
        ours=column.name,
        theirs=theirs,
        share=column.share,
        labels=labels,
        entries=tuple(match.entry for match in matches),
        numbers=paper,
        scores=scores,
        seeds=seeds,
        incomplete=tuple(match.entry for match, missing in zip(matches, lost, strict=True) if missing),
        absent=(*reading.absent, *(match.row.label for match in reading.matches if match.row.label not in labels)),
        tau=float(tau_b(ours, there)),
        tau_complete=float(tau_b(ours[~lost], there[~lost])) if (~lost).sum() > 1 else nan,
        p=permutation_p(ours, there),
        tau_of_seeds=float(of_seeds.mean),
        tau_low=max(-1.0, float(of_seeds.low)) if spread else nan,
        tau_high=min(1.0, float(of_seeds.high)) if spread else nan,
        same_order=_same_order(ours, there),
        moved_3=_moved(ours, paper, published, SLIGHTLY),
        moved_10=_moved(ours, paper, published, FAR),
        disagreements=tuple(_disagreements(matches, ours, there, panel, verdicts)),
        status="exploratory",
    )


def _moved(ours: Array, paper: Array, published: PublishedTable, share: float) -> tuple[float, float]:
    if published.metric.better == "lower":
        return moved_range(ours, paper, share)
    low, high = moved_range(ours, paper, share)
    return -high, -low


def _same_order(ours: Array, there: Array) -> float:
    signs = [np.sign(_step(ours, i, j) * _step(there, i, j)) for i, j in combinations(range(len(ours)), 2)]
    return float((1 + np.mean(signs)) / 2)


def _step(costs: Array, first: int, second: int) -> float:
    return 0.0 if costs[first] == costs[second] else float(costs[first] - costs[second])


def _disagreements(
    matches: list[Match],
    ours: Array,
    there: Array,
    panel: Panel,
    verdicts: Callable[[Panel, str], NDArray[np.bool_]],
) -> Iterator[Disagreement]:
    """Pairs that are in the other order here, the paper's better one first."""
    for i, j in combinations(np.argsort(there, kind="stable").tolist(), 2):
        if _step(ours, i, j) * _step(there, i, j) >= 0:
            continue
        first, second = matches[i], matches[j]
        shown: bool | None = None
        if first.target == second.target:
            labels = panel.cell(first.target).labels
            shown = bool(verdicts(panel, first.target)[labels.index(first.entry), labels.index(second.entry)])
        yield Disagreement(_named_of(first, shown), _named_of(second, shown), shown)


def _named_of(match: Match, shown: bool | None) -> str:
    return match.entry if shown is not None else f"{match.entry} ({match.target})"


def _verdicts() -> Callable[[Panel, str], NDArray[np.bool_]]:
    """`told_apart` of a panel's target, once for each."""
    verdicts: dict[tuple[int, str], NDArray[np.bool_]] = {}

    def of(panel: Panel, target: str) -> NDArray[np.bool_]:
        key = (id(panel), target)
        if key not in verdicts:
            verdicts[key] = told_apart(panel.cell(target))
        return verdicts[key]

    return of


def _has_score(panel: Panel, match: Match) -> bool:
    if match.target not in panel.cells or match.entry not in panel.labels:
        return False
    return not bool(np.isnan(_scores(panel, match)).all())


def _scores(panel: Panel, match: Match) -> Array:
    return panel.scores[panel.cells.index(match.target), panel.labels.index(match.entry)]
