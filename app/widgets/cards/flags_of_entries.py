"""Chosen entries in a trainer's flags, to paste: what a reader of the board takes home."""

from __future__ import annotations

from collections.abc import Container

import streamlit as st

from app.data import links
from app.data.chosen_entries import schedule_of
from app.style.plain_text import code, plain
from app.widgets.card_heading import head
from app.widgets.cards import trainer_flags
from leaderboards.boards.rows import ALL_TARGETS, Board, Row, Section
from leaderboards.boards.tuned_parameters import of_entry
from schedules import UserError, trainers

FIRST = "diffusers-flags"


def show(page: str, board: Board, section: Section, chosen: Container[str]) -> str:
    """A trainer to choose, and each entry's flags in it; returns the trainer, "" for the first. chosen: entries"""
    with st.container(border=True):
        head("In a trainer's flags", "which draw the same noise levels; to paste there")
        links.offer(f"{page}.trainer", trainers.names(), FIRST)
        trainer = str(st.selectbox("Trainer", trainers.names(), key=f"{page}.trainer"))
        for row in section.rows:
            if row.entry in chosen:
                _entry(row, board, trainer)
    return "" if trainer == FIRST else trainer


def _entry(row: Row, board: Board, trainer: str) -> None:
    """An entry's flags: once, or for each target that it was tuned on, which gave it other parameters there."""
    notes: list[str] = []
    for own in _of_targets(row, board) if row.tuned else [row]:
        st.markdown(f"{code(row.entry)}, target **{plain(own.target)}**" if row.tuned else code(row.entry))
        notes += _flags(own, trainer)
    for line in [*dict.fromkeys(notes), *_besides(row)]:
        st.caption(plain(line))


def _of_targets(row: Row, board: Board) -> list[Row]:
    """The rows of single targets that a row over all of them is made of, in the order of their sections."""
    if row.target != ALL_TARGETS:
        return [row]
    return [own for section in board.cells for own in section.rows if own.entry == row.entry]


def _flags(row: Row, trainer: str) -> tuple[str, ...]:
    """Put the flags of a row on the page, or why there are none; returns what should be known of them."""
    try:
        schedule = schedule_of(row)
        if schedule.learns:
            st.caption("It learns while training, so no flags draw it.")
            return ()
        expression = trainer_flags.expressed(schedule.spec, trainer)
    except UserError as mistake:
        st.caption(plain(f"{mistake}."))
        return ()
    trainer_flags.say(expression, notes=False)
    if row.tuned:
        values = of_entry(row.params, row.tuned_from, row.schedule)
        st.caption(plain(f"Tuned to {values} (multiples of the track's own)."))
    return expression.notes


def _besides(row: Row) -> list[str]:
    """What these runs had that is no part of the noise levels that a trainer draws."""
    lines = []
    if row.weighting != "native":
        lines.append(f"These runs weighted their loss by {row.weighting}, which is not among the flags.")
    if row.apply == "weight":
        lines.append("These runs drew as the baseline does, and weighted their loss to this density.")
    return lines
