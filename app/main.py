"""The script that Streamlit runs for every visitor: page frame and navigation.

`streamlit run app/main.py`, as hosts of Streamlit apps start it, shows the published results. It needs the packages of
`app/requirements.txt` and this repository, which need not be installed.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).parents[1])


def find_rooms() -> None:
    """Streamlit puts this file's own folder on the path, not the one that holds `app`."""
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)


@st.cache_resource
def keep_imports(modules: int) -> None:
    """What was imported stays to the end. modules: how many that is; a page's first visit brings more

    Streamlit collects garbage after every run of this script, a fifth of a second for all that is imported.
    """
    gc.collect()
    gc.freeze()


def draw_frame() -> None:
    """The page frame; navigation runs the page that was asked for."""
    from app.style import theme

    st.set_page_config(page_title="snrbench", page_icon=theme.icon(), layout="wide")
    st.html(theme.sheet("narrow.css"))
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
    keep_imports(len(sys.modules))


if "SNRBENCH_HOME" not in os.environ:  # `snrbench app` sets it
    os.environ["SNRBENCH_APP_PUBLISHED"] = "1"
find_rooms()
draw_frame()
