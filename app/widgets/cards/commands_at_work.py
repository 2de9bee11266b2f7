"""Commands that are at work on a store, and how long they will still take."""

from __future__ import annotations

from math import isfinite

import streamlit as st

from app.data.results import ResultSource
from app.style.plain_text import code, plain
from app.widgets.card_heading import head
from harness.execution import plan_files
from harness.execution.plan_files import Command
from harness.results import read
from harness.results.store import Store

REFRESH = 5.0
"""Seconds between two looks."""


@st.fragment(run_every=REFRESH)
def show(store: ResultSource) -> None:
    """Put what is running on the page, or was interrupted; nothing where there is neither."""
    if store.published:
        return
    opened = Store(store.folder)
    commands = plan_files.read(opened)
    at = {run.track for command in commands if command.state == "interrupted" for run in command.left}
    finished = {key for track in at for key in read.finished_keys(opened, track)}
    for command in plan_files.to_show(commands, finished):
        _command(command)


def _command(command: Command) -> None:
    done, total = command.done, max(command.most, 1)
    bad = sum(outcome != "finished" for outcome in command.outcomes.values())
    with st.container(border=True):
        running = command.state == "running"
        head(
            "Running" if running else "Interrupted", "" if running else "the same command again goes on where it ended"
        )
        st.code(command.command, language=None, wrap_lines=True)
        left = f", {_time(command.seconds_left)} left" if running and command.seconds_left is not None else ""
        troubled = f", {bad} of them not finished" if bad else ""
        st.progress(min(1.0, done / total), text=plain(f"{done} of {total} runs done{troubled}{left}"))
        if command.running:
            st.caption(f"now: {', '.join(code(run.label) for run in command.running[:4])} on {plain(command.host)}")


def _time(seconds: float | None) -> str:
    """A time in the unit that suits it."""
    if seconds is None or not isfinite(seconds):
        return "unknown time"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
