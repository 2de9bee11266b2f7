"""A card of filters that a narrow page folds: it says what is chosen, and opens by a tap.

The browser folds it, since a server does not know how wide a page is: `style/narrow.css`. The fold holds text alone,
and hides the rows of widgets beside it, those in containers that are called `filters-…`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.style.plain_text import plain

FOLD = '<details class="fold"><summary>Filters</summary></details>'


@contextmanager
def card(page: str) -> Iterator[DeltaGenerator]:
    """A card to draw rows of filters in; gives the place for what `say` says is chosen."""
    with st.container(border=True, key=f"controls-{page}", gap="small"):
        st.html(FOLD)
        yield st.container(key=f"choice-{page}")


def row(page: str, number: int = 1) -> DeltaGenerator:
    """A row of filters in the card that is open."""
    return st.container(horizontal=True, gap="small", key=f"filters-{page}-{number}")


def say(place: DeltaGenerator, choices: Iterable[str]) -> None:
    """What is chosen, in a line; what is as everybody first sees it is left out."""
    place.caption(plain(" · ".join(filter(None, choices))))
