"""The nearest published relatives of a schedule, and whether it conforms: both are kept, as both take a while."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import schedules
from app.style import theme
from app.widgets import grid
from app.widgets.card_heading import head
from app.widgets.grid import Column, Selection
from schedules import Schedule
from schedules.relatives.similarity import Kin, nearest

COUNT = 6
HEADS = (
    Column("schedule", "entry"),
    Column("draws that would move", "bar", help="total variation: ½ ∫ |p − r| dλ"),
    Column("by, nats", align="right", phone="small", help="Wasserstein distance: how far they move on average"),
    Column("source", phone="wide"),
)


def show(schedule: Schedule, draw: Callable[[str], None]) -> None:
    """Put the relatives on the page. draw: called with the name of one that shall be drawn beside it."""
    kin = relatives(schedule.spec)
    with st.container(border=True):
        head("Nearest published relatives", "at their own parameters; tick one to draw it beside")
        rows = [grid.Row(relative.name, [*_cells(relative)]) for relative in kin]
        choice = Selection([], COUNT, lambda names: draw(names[-1]) if names else None)
        grid.show(HEADS, rows, f"lab.relatives-{schedule.spec}", "Nearest schedules", choice, look="matrix")


def _cells(relative: Kin) -> list[grid.Cell]:
    share = "same density" if relative.same else f"{relative.tv:.1%}"
    bar = {"share": relative.tv, "text": share, "colour": theme.colour(relative.name)}
    return [
        grid.name(relative.name, theme.colour(relative.name)),
        bar,
        f"{relative.w1:.2f}",
        schedules.info(relative.name).paper,
    ]


@st.cache_data(max_entries=256, show_spinner=False)
def relatives(spec: str) -> list[Kin]:
    """The nearest registered schedules; of those that learn, as they start."""
    return nearest(schedules.parse(spec), COUNT)


@st.cache_data(max_entries=256, show_spinner=False)
def failures(spec: str) -> list[str]:
    """What a schedule fails of the conformance tests."""
    return schedules.check(schedules.parse(spec))
