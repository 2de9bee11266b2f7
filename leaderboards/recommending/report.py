"""The answer as Markdown with pictures."""

from __future__ import annotations

from pathlib import Path

from leaderboards.recommending.answer import Answer


def write(answer: Answer, folder: Path) -> None:
    """Write report.md and its pictures."""
