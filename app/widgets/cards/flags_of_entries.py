"""Chosen entries in a trainer's flags, to paste: what a reader of the board takes home."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.data import links
from app.data.chosen_entries import schedule_of
from app.style.plain_text import code, plain
from app.widgets.card_heading import head
from app.widgets.cards import trainer_flags
from leaderboards.boards.rows import Row
from leaderboards.boards.tuned_parameters import of_entry
from schedules import UserError, trainers

FIRST = "diffusers-flags"


def show(page: str, rows: Sequence[Row]) -> str:
    """A trainer to choose, and each entry's flags in it; returns the trainer, "" for the first. rows: of one section"""
    with st.container(border=True):
        head("In a trainer's flags", "which draw the same noise levels; to paste there")
        links.offer(f"{page}.trainer", trainers.names(), FIRST)
        trainer = str(st.selectbox("Trainer", trainers.names(), key=f"{page}.trainer"))
        for row in rows:
            _flags(row, trainer)
    return "" if trainer == FIRST else trainer


def _flags(row: Row, trainer: str) -> None:
    st.markdown(code(row.entry))
    try:
        schedule = schedule_of(row)
    except UserError as mistake:
        st.caption(plain(f"{mistake}."))
        return
    if schedule.learns:
        st.caption("It learns while training, so no flags draw it.")
        return
    try:
        trainer_flags.say(trainer_flags.expressed(schedule.spec, trainer))
    except UserError as mistake:
        st.caption(plain(f"{mistake}."))
        return
    for line in _besides(row):
        st.caption(plain(line))


def _besides(row: Row) -> list[str]:
    """What these runs had that is no part of the noise levels that a trainer draws."""
    lines = []
    if row.weighting != "native":
        lines.append(f"These runs weighted their loss by {row.weighting}, which is not among the flags.")
    if row.apply == "weight":
        lines.append("These runs drew as the baseline does, and weighted their loss to this density.")
    if row.tuned:
        lines.append(f"Tuned to {of_entry(row.params, row.tuned_from, row.schedule)} (multiples of the track's own).")
    return lines
