"""A page never shows a traceback: a user's mistake is one line, anything else a short message and a log entry."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from app.style.plain_text import plain
from schedules.errors import UserError, text_of

LOG = logging.getLogger("snrbench.app")


def shielded(body: Callable[[], None]) -> None:
    """Run a part of a page; what goes wrong in it leaves the rest of the page alone.

    Streamlit's own control flow (rerun, stop) passes: it does not derive from Exception.
    """
    try:
        body()
    except UserError as mistake:
        st.error(plain(text_of(mistake)), icon=":material/error:")
    except Exception:
        LOG.exception("a part of the page failed")
        st.error(
            "This part of the page could not be shown. The terminal that runs `snrbench app` has the details.",
            icon=":material/bug_report:",
        )
