"""The heading of a card: what it shows, and how to read it, on two lines."""

from __future__ import annotations

import streamlit as st

from app.style.plain_text import plain


def head(title: str, caption: str = "") -> None:
    """Put it on the page; both are text."""
    about = f"  \n:gray[:small[{plain(caption)}]]" if caption else ""
    st.markdown(f"**{plain(title)}**{about}")
