"""The ranked table: the columns and words of the terminal, with intervals, training and badges drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from app.charts.ratio_axis import Axis, effect
from app.data.families import family, learns
from app.data.guide_links import Topic
from app.style import theme
from app.style.theme import NEUTRAL
from app.widgets import grid
from app.widgets.grid import Badge, Cell, Column, Selection
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.boards.tuned_parameters import of_entry
from leaderboards.data.scale import Scale
from leaderboards.render.columns import columns, rank
from leaderboards.wording import NOTHING

LIT = 10
"""Entries that are drawn in full where there are many, with those that may be first; the rest is muted."""
SPARED = frozenset({"seeds"})
"""Columns that a narrow page leaves out: what they say stands above the table, too."""
RANKED: Topic = "reading"
"""Topic of the guide that says what the columns mean."""
HELP = {
    "rank": "the places that an entry may have, all of them at once with 95 %; drawn from the first to the last",
    "p": "against the baseline, or against “my entry”, Holm-corrected over the tests that the legend names",
    "speed-up": "budget / steps until each seed by itself, on every target shown, without guidance, reaches the"
    " baseline's final score; an entry may miss that and have the better mean with guidance",
    "g": "guidance scale that is scored",
    "training": "the score at each mark of the budget, unguided, on one scale for all; lower is further down",
}
Training = Mapping[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Look:
    """How a section is put on the page. most: rows at most; by_family: in groups."""

    most: int
    by_family: bool = False


def show(board: Board, section: Section, training: Training, choice: Selection, look: Look) -> int:
    """Put the table of a section on the page; returns how many rows are left out."""
    board_rows = shown_rows(section, look.most, choice.chosen)
    axis = Axis.of(board_rows, Scale.of(board.metric).logarithmic)
    shown = [column for column in columns(board, section) if column.header not in ("rank", "entry")]
    at = next(index for index, column in enumerate(shown) if column.header.startswith("vs "))
    heads = [_head(column.header) for column in shown]
    ticks, reference = axis.ticks(), axis.reference
    heads.insert(
        at + 1,
        Column(
            "95 % interval, log scale" if axis.logarithmic else "95 % interval",
            "interval",
            ticks=ticks,
            reference=reference,
            topic=RANKED,
        ),
    )
    heads = [Column("rank", "rank", help=HELP["rank"], topic=RANKED), Column("entry", "entry"), *heads]
    if training:
        heads.append(Column("training", "spark", phone="wide", help=HELP["training"], topic=RANKED))
    lit = lit_rows(section)
    grid_rows = []
    for heading, rows in _grouped(board_rows, look.by_family):
        if heading:
            grid_rows.append(grid.Row(f"family {heading}", head=heading))
        for row in rows:
            texts: list[Cell] = [column.text(row) for column in shown]
            texts.insert(at + 1, _interval(axis, row, board.baseline))
            cells = [_rank(row, section), _name(row), *texts]
            if training:
                cells.append(_spark(row, training))
            grid_rows.append(grid.Row(row.entry, cells, _marks(row, lit, choice.chosen)))
    grid.show(heads, grid_rows, f"{_page()}.table", f"Ranked entries, {section.target}", choice)
    return len(section.rows) - len(board_rows)


def lit_rows(section: Section) -> set[str] | None:
    """The entries that are drawn in full: those at the top, and whoever may be first. None: all of them."""
    lit = {row.entry for place, row in enumerate(section.rows) if place < LIT or row.rank_low == 1}
    return lit if len(section.rows) > len(lit) + 5 else None


def shown_rows(section: Section, most: int, always: Iterable[str] = ()) -> list[Row]:
    """The best rows, the baseline's, and those that must be there."""
    wanted = set(always)
    return [row for index, row in enumerate(section.rows) if index < most or row.baseline or row.entry in wanted]


def training(marks: pd.DataFrame, metric: Scale) -> dict[str, list[tuple[float, float]]]:
    """entry → (share of the budget, score) as shares of a little picture, all on one scale.

    marks: label, seed, mark, value, of one target or of several one below the other
    """
    marks = marks.assign(cost=metric.to(marks["value"].to_numpy(dtype=float)))
    means = marks.groupby(["label", "mark"], observed=True)["cost"].mean().dropna()
    if means.index.get_level_values("mark").nunique() < 2:
        return {}
    low, high = (float(np.percentile(means, share)) for share in (1, 97))
    span = (high - low) or 1.0
    series: dict[str, list[tuple[float, float]]] = {}
    for name, mark, cost in means.reset_index().itertuples(index=False):
        series.setdefault(str(name), []).append((float(mark), min(1.0, max(0.0, (cost - low) / span))))
    return {name: points for name, points in series.items() if len(points) > 1}


def badges(row: Row) -> list[Badge]:
    """What a reader should know of an entry beside its score."""
    labels = []
    if row.baseline:
        labels.append(Badge("baseline", "what all others are held against"))
    if row.tuned:
        values = of_entry(row.params, row.tuned_from, row.schedule)
        about = f"parameters found by one study on a validation split: {values}; "
        about += "intervals hold seeds, not its luck"
        labels.append(Badge("tuned", about, "note"))
    if learns(row.schedule, row.weighting):
        labels.append(Badge("learned", "its density changes while training", "note"))
    if row.diverged:
        labels.append(Badge("diverged", f"{row.diverged} of {row.seeds} runs diverged", "bad"))
    if row.erratic:
        labels.append(Badge("erratic", "scatters more over seeds than the others, so judged by its own seeds alone"))
    if row.saturated:
        labels.append(Badge("at the floor", "within reach of the distance of real to real data: saturated"))
    verified = getattr(row, "verified", "")
    if verified:
        labels.append(Badge(verified, _VERIFIED.get(verified, verified), "good" if verified == "verified" else ""))
    return labels


_VERIFIED = {
    "verified": "handed in, and runs of it repeated here gave the same numbers",
    "self-reported": "handed in; nobody has repeated it here",
}


def _page() -> str:
    return "leaderboard"


def _head(header: str) -> Column:
    phone = "wide" if header in SPARED else "small"
    phone = "" if header.startswith("vs ") else phone
    return Column(header, align="right", phone=phone, help=HELP.get(header, ""), topic=RANKED)


def _grouped(rows: list[Row], by_family: bool) -> list[tuple[str, list[Row]]]:
    """The rows as they come, or in families; a family stands where its best entry does."""
    if not by_family:
        return [("", rows)]
    order = list(dict.fromkeys(family(row.schedule) for row in rows))
    in_order = sorted(rows, key=lambda row: order.index(family(row.schedule)))
    return [(name, list(group)) for name, group in groupby(in_order, key=lambda row: family(row.schedule))]


def _rank(row: Row, section: Section) -> Cell:
    """The places that an entry may have, as text and as shares of all places."""
    if row.rank_low is None or row.rank_high is None:
        return {"text": NOTHING}
    places = max(1, section.entries)
    return {"text": rank(row), "low": (row.rank_low - 1) / places, "high": row.rank_high / places}


def _name(row: Row) -> Cell:
    return grid.name(row.entry, theme.colour(row.entry), badges(row))


def _marks(row: Row, lit: set[str] | None, chosen: Iterable[str]) -> list[str]:
    muted = lit is not None and row.entry not in lit and not row.baseline and row.entry not in chosen
    return [mark for mark, on in (("muted", muted), ("strong", row.baseline)) if on]


def _interval(axis: Axis, row: Row, baseline: str) -> Cell:
    mean, low, high = effect(row)
    colour = NEUTRAL if row.baseline else theme.colour(row.entry, baseline)
    places = axis.places(mean, low, high)
    note = "diverged" if row.diverged else "no pairs" if places["mean"] is None else ""
    if row.baseline:
        places |= {"low": None}
    return {**places, "colour": colour, "note": note}


def _spark(row: Row, training: Training) -> Cell:
    points = training.get(row.entry)
    return {"points": points, "colour": theme.colour(row.entry)} if points else None


def by_target(board: Board, most: int) -> None:
    """Entries × targets: the change against the baseline in each, entries in the order of the overall section."""
    order = board.overall.rows if board.overall else ()
    names = [row.entry for index, row in enumerate(order) if index < most or row.baseline]
    logarithmic = Scale.of(board.metric).logarithmic
    rows = {cell.target: {row.entry: row for row in cell.rows if row.entry in names} for cell in board.cells}
    cells_shown = [cell for cell in board.cells if any(not row.baseline for row in rows[cell.target].values())]
    cells_shown = cells_shown or list(board.cells)
    shown = [row for by_entry in rows.values() for row in by_entry.values()]
    axis = Axis.of(shown, logarithmic)
    ticks, reference = axis.ticks(3), axis.reference
    heads = [Column("entry", "entry")]
    for cell in cells_shown:
        heads += [
            Column(f"{cell.target}, 95 % interval", "interval", short=cell.target, ticks=ticks, reference=reference),
            Column(f"{cell.target} vs {board.baseline}", align="right", phone="small", short=cell.target),
        ]
    grid_rows = []
    for name in names:
        cells: list[Cell] = [grid.name(name, theme.colour(name))]
        for cell in cells_shown:
            row = rows[cell.target].get(name)
            cells += [_interval(axis, row, board.baseline), _effect(board, cell, row)] if row else [None, NOTHING]
        grid_rows.append(grid.Row(name, cells))
    grid.show(heads, grid_rows, f"{_page()}.by-target", "Changes against the baseline in each target")


def _effect(board: Board, section: Section, row: Row) -> str:
    return next(column.text(row) for column in columns(board, section) if column.header.startswith("vs "))


def excerpt(board: Board, section: Section, names: list[str], key: str) -> None:
    """Some rows of a section, in its order, with the ranks that they have in it."""
    rows = [row for row in section.rows if row.entry in names]
    axis = Axis.of(rows, Scale.of(board.metric).logarithmic)
    shown = [column for column in columns(board, section) if column.header not in ("rank", "entry")]
    at = next(index for index, column in enumerate(shown) if column.header.startswith("vs "))
    heads = [_head(column.header) for column in shown]
    interval = Column("95 % interval", "interval", ticks=axis.ticks(), reference=axis.reference, topic=RANKED)
    heads.insert(at + 1, interval)
    grid_rows = []
    for row in rows:
        cells: list[Cell] = [column.text(row) for column in shown]
        cells.insert(at + 1, _interval(axis, row, board.baseline))
        grid_rows.append(grid.Row(row.entry, [_rank(row, section), _name(row), *cells]))
    about = f"among all {section.entries} entries"
    heads = [Column("rank", "rank", help=about, topic=RANKED), Column("entry", "entry"), *heads]
    grid.show(heads, grid_rows, key, "The entries that are compared")
