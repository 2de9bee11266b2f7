"""Names that a user chose, made plain text for Markdown and for Plotly; nothing in them is ever run or rendered."""

from __future__ import annotations

import html

from leaderboards.wording import visible

FULL = 110
"""Characters above which a docstring's line ended because it was full."""


def code(name: str) -> str:
    """A Markdown code span: in it neither HTML, Markdown, TeX, emoji nor Streamlit's directives mean anything."""
    shown = visible(name)
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if "`" in shown or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def plain(text: str) -> str:
    """Prose for Markdown: every mark that Markdown, TeX or a directive could take up is escaped."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|~#$:" else c for c in visible(text))


def reflowed(doc: str) -> str:
    """A docstring without the line breaks and marks that are there for an editor: lines that ran full are joined."""
    joined: list[str] = []
    before = 0
    for line in doc.splitlines():
        text = " ".join(line.replace("`", "").split())
        full = before + 1 + len(line.partition(" ")[0]) > FULL
        if text and joined and joined[-1] and (full or line.startswith(" ")):
            joined[-1] += f" {text}"
        else:
            joined.append(text)
        before = len(line)
    return "\n".join(joined)


def label(name: str, most: int = 60) -> str:
    """Text for Plotly, which reads HTML tags, and %{…} in a hover; longer names lose their middle."""
    shown = visible(name)
    if len(shown) > most:
        shown = f"{shown[: most // 2]}…{shown[-(most - most // 2 - 1) :]}"
    return html.escape(shown).replace("{", "&#123;").replace("$", "&#36;")


def unbroken(text: str) -> str:
    """As `plain`, on one line however narrow the page is: a number and its interval belong together."""
    return plain(text).replace(" ", "\u00a0")
