"""From a term to the place in the guide that explains it: links for tooltips and for the heads of tables."""

from __future__ import annotations

from typing import Literal

from app.style.plain_text import plain

Topic = Literal["question", "protocol", "tracks", "metrics", "reading", "adding"]


def address(topic: Topic) -> str:
    """The guide's address, as a page beside it links to it."""
    return f"guide?topic={topic}"


def tooltip(text: str, topic: Topic) -> str:
    """Markdown for a widget's help: the text, which stays text, and a link to the guide."""
    return f"{plain(text)}\n\n[More in the guide]({address(topic)})"
