"""The current schedule in a trainer's flags, and flags pasted from a trainer as the current schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import schedules
from app.data import links
from app.style.plain_text import code, plain
from app.widgets.card_heading import head
from leaderboards.releases.published_rows import published_rows
from schedules import Schedule, UserError, trainers
from schedules.trainers import Expression
from schedules.trainers.common.trainer import TOKENS

KEY = "lab.trainer"
PASTED, SIZE, SAID = (f"{KEY}-{name}" for name in ("pasted", "tokens", "said"))
FIRST = "diffusers-flags"
"""The trainer that it opens on: its family of densities is the one that most trainers have."""


def show(schedule: Schedule, adopt: Callable[[Schedule], None]) -> None:
    """Put the flags on the page, to copy, and a place to paste some. adopt: called with what pasted flags draw."""
    with st.container(border=True):
        head("In a trainer's flags", "to paste there, or pasted from there")
        names = trainers.names()
        links.offer(KEY, names, FIRST)
        name = str(st.selectbox("Trainer", names, key=KEY))
        if schedule.learns:
            st.info("It learns while training, so no flags draw it.")
        else:
            expression = expressed(schedule.spec, name)
            say(expression)
            if not expression.exact and (rows := ranked(expression.spec)):
                st.caption("What these flags draw instead stands on published boards:")
                _say_ranks(rows)
        st.text_area("Flags of this trainer", key=PASTED, placeholder="a command line, JSON or YAML", height=80)
        if "tokens" in trainers.get(name).flags:
            st.session_state.setdefault(SIZE, TOKENS)
            st.number_input("Image tokens", min_value=1, key=SIZE, help="for flags that depend on the image's size")
        st.button("Show what they draw", on_click=_read, args=(name, adopt), width="stretch")
        for kind, line in st.session_state.pop(SAID, []):
            (st.error if kind == "mistake" else st.caption)(plain(line))


def standing(schedule: Schedule) -> None:
    """Where the density itself stands on the published boards; nothing where it is on none."""
    rows = [] if schedule.learns else ranked(schedule.spec)
    if rows:
        with st.container(border=True):
            head("On the published boards", "this density, under whatever name it was run")
            _say_ranks(rows)


def say(expression: Expression, notes: bool = True) -> None:
    """Put flags on the page, with how near they come. notes: and with what should be known of them"""
    if not expression.exact:
        st.caption(
            f"It can't draw this density. The nearest that it can is {code(expression.spec)}, "
            f"{expression.w1:.3g} nats of λ away on average within ±20:"
        )
    st.code(expression.flags, language=None, wrap_lines=True)
    for note in expression.notes if notes else ():
        st.caption(plain(note))


def _say_ranks(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        st.caption(f"{plain(row['track'])}, target {plain(row['target'])}: {code(row['entry'])} {plain(row['text'])}")


def _read(name: str, adopt: Callable[[Schedule], None]) -> None:
    """Adopt what the pasted flags draw; what is wrong with them, or should be known, is said on the page."""
    sized = "tokens" in trainers.get(name).flags
    try:
        reading = trainers.read(
            name, str(st.session_state[PASTED]), tokens=int(st.session_state[SIZE]) if sized else None
        )
    except UserError as mistake:
        st.session_state[SAID] = [("mistake", str(mistake))]
        return
    adopt(reading.schedule)
    st.session_state[SAID] = [("note", note) for note in reading.notes]


@st.cache_data(max_entries=256, show_spinner=False)
def expressed(spec: str, name: str) -> Expression:
    """Flags of a trainer for a spec."""
    return trainers.express(schedules.parse(spec), name)


@st.cache_data(max_entries=256, show_spinner=False)
def ranked(spec: str) -> list[dict[str, Any]]:
    """Its rows on the published boards."""
    return published_rows(schedules.parse(spec))
