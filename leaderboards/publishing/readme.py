"""The released table inside a page: replaced between two markers, and nothing else of the page.

<!-- snrbench:published digits-v1 -->
<!-- /snrbench:published -->
"""

from __future__ import annotations

import re
from pathlib import Path

from leaderboards.exports import markdown_table
from leaderboards.released import Release
from leaderboards.rows import Board
from leaderboards.sheets import ranked

MOST = 20
"""Entries shown; the whole table is beside the results."""


def refresh(page: Path, board: Board, release: Release, where: str) -> bool:
    """Put the table where the page has markers for the track; whether it has.

    where: what to call the place of the whole table
    """
    if not page.is_file():
        return False
    text = page.read_text()
    pattern = re.compile(
        rf"(<!-- snrbench:published {re.escape(release.track)} -->\n).*?(<!-- /snrbench:published -->)", re.DOTALL
    )
    changed, count = pattern.subn(lambda found: found[1] + shown(board, release, where) + found[2], text)
    if count:
        page.write_text(changed)
    return count > 0


def shown(board: Board, release: Release, where: str) -> str:
    """The table over all targets (of the only one), and what it is of, in a sentence."""
    section = board.overall or board.cells[0]
    left = len(section.rows) - MOST
    more = f" The other {left} are in {where}." if left > 0 else ""
    made_on = f", on {' and '.join(release.hardware)}" if release.hardware else ""
    of = f"{release.runs} runs, {len(release.seeds)} seeds, protocol {release.protocol}{made_on}, {release.made}."
    return f"{markdown_table(ranked(board, section), MOST)}\n\n{of}{more}\n"
