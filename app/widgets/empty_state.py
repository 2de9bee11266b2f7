"""What a page says where there is nothing to show: why, and the command that changes it."""

from __future__ import annotations

import streamlit as st

from app.data import unknown_tracks
from app.data.results import ResultSource
from app.style.plain_text import code, plain
from leaderboards.data import released


def results(store: ResultSource, what: str) -> None:
    """No runs."""
    where = "the published results" if store.published else code(str(store.folder))
    st.info(f"{plain(what)} Looked in {where}.", icon=":material/inbox:")
    if unknown := unknown_tracks.sentence(store):
        st.markdown(unknown)
    st.markdown("Train four built-in schedules on real digits and rank them, in a few minutes:")
    st.code("snrbench quickstart", language=None)
    st.markdown("or schedules of your choice:")
    st.code("snrbench run digits-v1 -s cosine -s laplace", language=None)
    if not store.published and released.released_tracks():
        st.markdown("or look at the results that come with snrbench:")
        st.code("snrbench app --published", language=None)
    with st.container(horizontal=True, gap="medium"):
        st.page_link("screens/lab.py", label="Look at the schedules meanwhile", icon=":material/show_chart:")
        st.page_link("screens/guide.py", label="How it works", icon=":material/menu_book:")
