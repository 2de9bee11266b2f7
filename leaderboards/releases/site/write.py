"""Writes the pages of a site into a folder: all of them, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from leaderboards.boards.query import board_of
from leaderboards.data import released
from leaderboards.releases.site import pages
from schedules.errors import UserError

MARK = ".snrbench-site"
"""What tells a folder of ours, which may be replaced, from one that may not."""


def write(tracks: Sequence[str], folder: Path) -> list[Path]:
    """Write the site; its pages.

    The folder is made beside and moved, so that a host never serves half of it. UserError for one that holds anything
    else than a site that was written before.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file()):
        raise UserError(
            f"--site {str(folder)!r}: holds something else; expected a new folder, or a site written before"
        )
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        (beside / MARK).touch()
        (beside / pages.INDEX).write_text(pages.index(tracks), encoding="utf-8")
        for track in tracks:
            board = board_of(released.published_table(track), track)
            (beside / pages.track_page(track)).write_text(pages.board_page(board), encoding="utf-8")
            (beside / pages.entries_page(track)).write_text(pages.details_page(board), encoding="utf-8")
            samples = released.FOLDER / track / released.SAMPLES
            if samples.is_dir():
                shutil.copytree(samples, beside / pages.samples_folder(track))
        beside.chmod(0o755)
        if folder.exists():
            old = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            os.replace(folder, old)
            os.replace(beside, folder)
            shutil.rmtree(old)
        else:
            os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return sorted(folder.glob("*.html"))
