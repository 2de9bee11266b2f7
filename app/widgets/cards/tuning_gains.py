"""What tuning gained on the test split: every schedule untuned and tuned, in pairs over the same seeds."""

from __future__ import annotations

from math import isfinite

import streamlit as st

from app.charts.ratio_axis import Axis
from app.data import comparisons, results
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style import theme
from app.style.plain_text import code, plain
from app.widgets import grid
from app.widgets.card_heading import head
from app.widgets.grid import Column
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.boards.tuned_parameters import HEAD, in_trainers, of_entry
from leaderboards.comparisons.views.tuned import UNTUNED, Level, TunedRow
from leaderboards.data.scale import Scale
from leaderboards.wording import NOTHING, with_interval

HOUR, MINUTE = 3600.0, 60.0


def tracks(store: ResultSource) -> list[str]:
    """Tracks that have runs with tuned parameters."""
    names = results.track_names() if results.exists(store) else []
    return [name for name in names if results.has_tuned(store, name)]


def show(store: ResultSource, track: str, target: str) -> None:
    """A row for each schedule and target that was scored both ways; a line where there is none.

    target: "all" shows every target, and the mean over them
    """
    if track not in tracks(store):
        st.caption("No tuned entry has been scored on the test split yet; `@tuned` after a schedule's name runs it:")
        st.code(f"snrbench run {track} -s laplace -s laplace@tuned", language=None, wrap_lines=True)
        return
    recorded, primary = results.recorded(store, track), results.track(track).primary_metric
    metric = recorded.get(primary) or next(iter(recorded.values()))
    gains = comparisons.tuned(store, View(track, ALL_TARGETS, metric.name))
    head("Untuned against tuned, on the test split", f"{metric.title}, paired by seed, with 95 % intervals")
    rows = [row for row in gains.rows if target in (ALL_TARGETS, row.target)]
    if rows:
        _table(rows, metric.name, Scale.of(metric).logarithmic)
        _units([row for row in rows if row.target != ALL_TARGETS])
    for note in gains.notes:
        st.caption(plain(note))


def _table(rows: list[TunedRow], metric: str, logarithmic: bool) -> None:
    axis = Axis.around([_effect(row) for row in rows], logarithmic)
    heads = [
        Column("schedule", "entry"),
        Column("target"),
        Column(f"{metric}, untuned", align="right", phone="small", short="untuned", help=UNTUNED.partition(": ")[2]),
        Column(f"{metric}, tuned", align="right", phone="small", short="tuned"),
        Column("tuned to", phone="line", help="lr, EMA: multiples of the track's learning rate and EMA time constant"),
        Column("tuned vs untuned", "interval", ticks=axis.ticks(), reference=axis.reference),
        Column("gain", align="right", help="where the interval holds no change, no gain is shown"),
        Column("seeds", align="right", phone="small"),
        Column("trials", align="right", phone="small", help="trials of the study that found the parameters"),
        Column("tuning", align="right", phone="small", help="seconds that all its trials took together"),
    ]
    grid_rows = []
    for row in rows:
        colour = theme.colour(row.entry)
        cells: list[grid.Cell] = [
            grid.name(row.schedule, colour),
            row.target,
            _level(row.published),
            _level(row.tuned),
            of_entry(row.params, row.tuned_from, row.spec) if row.target != ALL_TARGETS else NOTHING,
            {**axis.places(*_effect(row)), "colour": colour, "note": "", "title": row.gain.text},
            row.verdict,
            str(row.seeds),
            f"{row.trials:.0f}" if isfinite(row.trials) else NOTHING,
            _time(row.tuning_seconds),
        ]
        grid_rows.append(grid.Row(f"{row.entry} {row.target}", cells, ["strong"] if row.gain_shown else []))
    grid.show(heads, grid_rows, "tuning.gains", "Untuned against tuned, on the test split")


def _units(rows: list[TunedRow]) -> None:
    """What the tuned ones are in trainers' units, a line each, for those that have any."""
    units = [(row, in_trainers(row.params, row.tuned_from, row.spec)) for row in rows]
    lines = [f"- {code(row.entry)}, {plain(row.target)}: {code(text)}" for row, text in units if text]
    if lines:
        with st.expander("In trainers' units", icon=":material/content_copy:"):
            st.caption(plain(HEAD))
            st.markdown("\n".join(lines))


def _effect(row: TunedRow) -> tuple[float, float, float]:
    return row.gain.value, row.gain.low, row.gain.high


def _level(level: Level) -> str:
    return with_interval(level.value, level.low, level.high) if isfinite(level.value) else NOTHING


def _time(seconds: float) -> str:
    """In the largest unit that leaves a number of one or more."""
    if not isfinite(seconds):
        return NOTHING
    unit, name = next(((unit, name) for unit, name in ((HOUR, "h"), (MINUTE, "min")) if seconds >= unit), (1.0, "s"))
    return f"{seconds / unit:.3g} {name}"
