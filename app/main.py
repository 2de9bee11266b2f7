"""The script that Streamlit runs for every visitor: page frame and navigation."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="snrbench", page_icon=":material/leaderboard:", layout="wide")
st.navigation(
    [
        st.Page("pages/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:", default=True),
        st.Page("pages/lab.py", title="Schedules", icon=":material/show_chart:", url_path="schedules"),
    ],
    position="top",
).run()
