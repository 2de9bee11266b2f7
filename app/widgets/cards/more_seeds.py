"""How many more seeds would tell entries apart, and what those runs would cost."""

from __future__ import annotations

from math import ceil, isnan

import streamlit as st

from app.data import comparisons
from app.data.chosen_entries import Chosen
from app.style import theme
from app.style.plain_text import code, plain
from app.widgets import grid
from app.widgets.grid import Cell, Column
from leaderboards.comparisons.views.resolution import Resolution, Separation
from leaderboards.wording import NOTHING, change, p_text

HEADS = (
    Column("against", "entry"),
    Column("difference [95 %]", align="right", phone="small", short="difference"),
    Column("p, Holm", align="right", phone="small"),
    Column("verdict"),
    Column("seeds", align="right", phone="small", help="that both have"),
    Column(
        "more, one test", align="right", phone="small", help="seeds missing for 80 % power, were this the only test"
    ),
    Column("more, all tests", align="right", phone="small", help="the same among all tests that the board makes"),
    Column("cost", align="right", phone="small", help="of those missing runs of both entries, one after another"),
)


def show(chosen: Chosen) -> None:
    """For the best of the chosen entries against each of the others."""
    names = [row.entry for row in chosen.rows if not row.diverged] or list(chosen.styles)
    first, others = names[0], [name for name in chosen.styles if name != names[0]]
    view = chosen.view
    of_target = [
        resolution for resolution in comparisons.resolution(chosen.store, view) if resolution.target == view.target
    ]
    if of_target:
        st.caption(_resolution(of_target[0]))
    st.markdown(
        f"{code(first)}, the best of these, against each of the others, if the true difference is the one seen:"
    )
    rows = []
    for name in others:
        separation = comparisons.separated(chosen.store, view, first, name)
        rows.append(grid.Row(name, _cells(separation, name)))
    grid.show(HEADS, rows, "compare.power", "Seeds that are missing to tell entries apart")


def _resolution(resolution: Resolution) -> str:
    """What difference the runs at hand can show."""
    alone, against, ranks = resolution.unadjusted, resolution.against_baseline, resolution.ranks
    nan = float("nan")
    least = [
        change(detectable.better, nan, nan) if resolution.logarithmic else f"{detectable.better:.3g}"
        for detectable in (alone, against, ranks)
    ]
    return plain(
        f"{resolution.seeds} seeds show, in four of five repetitions, a difference of {least[0]} in one test by itself,"
        f" of {least[1]} against the baseline among {resolution.entries} entries, and of {least[2]} where every pair is"
        " tested."
    )


def _cells(separation: Separation, name: str) -> list[Cell]:
    verdict = "told apart" if separation.told_apart else separation.note or "not told apart"
    if separation.erratic and not separation.told_apart and not separation.note:
        verdict += f": {' and '.join(separation.erratic)} scatters more than the others"
    if separation.same:
        verdict = f"{verdict}, the same within ± 5 %" if separation.told_apart else "the same within ± 5 %"
    return [
        grid.name(name, theme.colour(name)),
        separation.effect.text,
        p_text(separation.p_holm),
        verdict,
        str(separation.seeds),
        _more(separation.more, separation),
        NOTHING if separation.told_apart else _more(separation.more_holm, separation),
        NOTHING if separation.told_apart else _cost(separation.minutes_holm),
    ]


def _more(more: int | None, separation: Separation) -> str:
    if separation.note:
        return NOTHING
    return "over 1000" if more is None else f"{more}"


def _cost(minutes: float) -> str:
    if isnan(minutes):
        return NOTHING
    return f"{ceil(minutes)} min" if minutes < 90 else f"{minutes / 60:.1f} h"
