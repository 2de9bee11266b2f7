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
    of_target = [one for one in comparisons.resolution(chosen.store, view) if one.target == view.target]
    if of_target:
        st.caption(_resolution(of_target[0]))
    st.markdown(
        f"{code(first)}, the best of these, against each of the others, if the true difference is the one seen:"
    )
    rows = []
    for name in others:
        found = comparisons.separated(chosen.store, view, first, name)
        rows.append(grid.Row(name, _cells(found, name)))
    grid.show(HEADS, rows, "compare.power", "Seeds that are missing to tell entries apart")


def _resolution(found: Resolution) -> str:
    """What difference the runs at hand can show."""
    one, against, ranks = found.unadjusted, found.against_baseline, found.ranks
    nan = float("nan")
    least = [
        change(one.better, nan, nan) if found.logarithmic else f"{one.better:.3g}" for one in (one, against, ranks)
    ]
    return plain(
        f"{found.seeds} seeds show, in four of five repetitions, a difference of {least[0]} in one test by itself, of"
        f" {least[1]} against the baseline among {found.entries} entries, and of {least[2]} where every pair is tested."
    )


def _cells(found: Separation, name: str) -> list[Cell]:
    verdict = "told apart" if found.told_apart else found.note or "not told apart"
    if found.erratic and not found.told_apart and not found.note:
        verdict += f": {' and '.join(found.erratic)} scatters more than the others"
    if found.same:
        verdict = f"{verdict}, the same within ± 5 %" if found.told_apart else "the same within ± 5 %"
    return [
        grid.name(name, theme.colour(name)),
        found.effect.text,
        p_text(found.p_holm),
        verdict,
        str(found.seeds),
        _more(found.more, found),
        NOTHING if found.told_apart else _more(found.more_holm, found),
        NOTHING if found.told_apart else _cost(found.minutes_holm),
    ]


def _more(more: int | None, found: Separation) -> str:
    if found.note:
        return NOTHING
    return "over 1000" if more is None else f"{more}"


def _cost(minutes: float) -> str:
    if isnan(minutes):
        return NOTHING
    return f"{ceil(minutes)} min" if minutes < 90 else f"{minutes / 60:.1f} h"
