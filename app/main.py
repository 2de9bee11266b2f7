"""The script that Streamlit runs for every visitor: page frame and navigation."""

from __future__ import annotations

import streamlit as st

from app import theme

st.set_page_config(page_title="snrbench", page_icon=theme.icon(), layout="wide")
st.navigation(
    [
        st.Page("screens/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:", default=True),
        st.Page("screens/schedules.py", title="Schedules", icon=":material/show_chart:"),
    ],
    position="top",
).run()
