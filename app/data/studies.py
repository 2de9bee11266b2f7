"""Cached reads of tuning studies, through `leaderboards`."""

from __future__ import annotations

import time

import streamlit as st

from app.data.results import FRESH, ResultSource
from leaderboards.data import tuning_studies
from leaderboards.data.tuning_studies import Study


def version(store: ResultSource) -> str:
    """Changes whenever a study does; empty where there are none."""
    own = tuning_studies.version(store.folder)
    if own is None:
        return f"server {time.time() // FRESH:.0f}"
    return "" if store.published else own


@st.cache_resource(max_entries=4, show_spinner="Reading studies …")
def studies(store: ResultSource, version: str) -> list[Study]:
    """Every study, by name. Shared between visitors: nobody changes them."""
    return tuning_studies.studies(store.folder) if version else []
