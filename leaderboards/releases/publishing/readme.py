"""The released table inside a page: replaced between two markers, and nothing else of the page.

<!-- snrbench:published digits-v1 -->
<!-- /snrbench:published -->

Where the first marker names entries after the track, the page shows their rows and says no more. Else it has room for
some of the entries. Which ones is a rule, the same for every release: the best `BEST`, the baseline, the schedules of
the paper that the project grew from, and the best `TUNED` of the tuned ones, each beside itself as published. Ranks are
those of the whole table. Of a track whose board does not stand among the rankings (`harness.tracks.standing`) the page
says why, and where its table is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import schedules
from harness import tracks
from harness.tracks.standing import Standing
from leaderboards.boards import tuned_parameters
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.boards.tuned_entries import as_published
from leaderboards.data.released import Release
from leaderboards.render.formats.md import markdown_table
from leaderboards.render.text_tables import ranked

BEST, TUNED = 10, 6
PAPER = "arXiv:2407.03297"


def refresh(page: Path, board: Board, release: Release, where: str) -> bool:
    """Put the table where the page has markers for the track; whether it has.

    where: the file of the whole table, as the page links to it
    """
    if not page.is_file():
        return False
    text, stands = page.read_text(encoding="utf-8"), tracks.standing(release.track)
    content = shown(board, release, where) if stands.ranked else aside(release, stands, where)
    pattern = re.compile(
        rf"(<!-- snrbench:published {re.escape(release.track)}( [^>]+)? -->\n).*?(<!-- /snrbench:published -->)",
        re.DOTALL,
    )

    def replaced(marker: re.Match[str]) -> str:
        return marker[1] + (rows_of(board, marker[2].split()) if marker[2] else content) + marker[3]

    changed, count = pattern.subn(replaced, text)
    if count:
        page.write_text(changed, encoding="utf-8")
    return count > 0


def shown(board: Board, release: Release, where: str) -> str:
    """The table over all targets (of the only one), what it is of, and which entries it shows."""
    section = board.overall or board.cells[0]
    chosen = places(section)
    table = _table(board, section, chosen)
    made_on = f", on {' and '.join(release.hardware)}" if release.hardware else ""
    of = f"{release.runs} runs, {len(release.seeds)} seeds, protocol {release.protocol}{made_on}, {release.made}."
    every = f"[{where}]({quote(where)})"
    of = f"{tuned_to(board, {section.rows[place].entry for place in chosen})}{of}"
    if len(chosen) == len(section.rows):
        return f"{table}\n\n{of} By target: {every}.\n"
    rule = (
        f"Shown are the best {BEST}, {board.baseline}, the schedules of {PAPER}, and the best {TUNED} tuned ones "
        f"beside themselves as published; all {len(section.rows)}, and each target: {every}."
    )
    return f"{table}\n\n{of} {rule}\n"


def rows_of(board: Board, entries: list[str]) -> str:
    """The rows of these entries, ranked among all; what a page names and the board lacks is left out."""
    section = board.overall or board.cells[0]
    return _table(board, section, [place for place, row in enumerate(section.rows) if row.entry in entries]) + "\n"


def _table(board: Board, section: Section, chosen: list[int]) -> str:
    sheet = ranked(board, section)
    return markdown_table(replace(sheet, cells=tuple(sheet.cells[place] for place in chosen)))


def tuned_to(board: Board, entries: set[str]) -> str:
    """A list of what the tuned ones of some entries were tuned to, and a blank line; "" where none is tuned."""
    rows = [row for cell in board.cells for row in cell.rows if row.entry in entries]
    lines = tuned_parameters.lines(rows)
    notes = tuned_parameters.space_notes((row.entry, row.params, row.tuned_from) for row in rows if row.tuned)
    if not lines:
        return ""
    head = f"Tuned to ({tuned_parameters.HEAD}):"
    items = [f"- `{entry}`: {values}" for entry, _, values in (line.partition(": ") for line in lines)]
    return "\n".join([head, "", *items, *(f"- {note}" for note in notes)]) + "\n\n"


def aside(release: Release, stands: Standing, where: str) -> str:
    """One line in the place of the table."""
    said = f"`{release.track}` stands among no rankings, as it is {stands.kind}: {stands.why}."
    return f"{said} Its table: [{where}]({quote(where)}).\n"


def places(section: Section) -> list[int]:
    """Which rows of a section a page shows, from the top, by the rule of this module."""
    rows = section.rows
    tuned = [row for row in rows if row.tuned][:TUNED]
    pairs = {name for row in tuned for name in (row.entry, as_published(row.entry, row.tuned_from))}
    return [
        place
        for place, row in enumerate(rows)
        if place < BEST or row.baseline or row.entry.split("#")[0] in pairs or row.entry in pairs or _of_the_paper(row)
    ]


def _of_the_paper(row: Row) -> bool:
    """A schedule of the paper, published or tuned, without transforms, as it samples under the native weighting."""
    name = row.schedule.split(":")[0].split("@")[0]
    plain = row.weighting == "native" and row.apply == "sample"
    return plain and name in schedules.names() and schedules.info(name).paper == PAPER
