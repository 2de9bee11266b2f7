"""The script that Streamlit runs for every visitor: page frame and navigation."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.style import theme

st.set_page_config(page_title="snrbench", page_icon=theme.icon(), layout="wide")
st.html(Path(__file__).parent / "style" / "phone.css")
st.logo(theme.logo(), size="medium")
st.navigation(
    [
        st.Page("screens/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:", default=True),
        st.Page("screens/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("screens/lab.py", title="Schedule lab", icon=":material/show_chart:"),
        st.Page("screens/tuning.py", title="Tuning", icon=":material/tune:"),
        st.Page("screens/runs.py", title="Runs", icon=":material/list_alt:"),
        st.Page("screens/transfer.py", title="Transfer", icon=":material/hub:"),
        st.Page("screens/guide.py", title="How it works", icon=":material/menu_book:"),
    ],
    position="top",
).run()
