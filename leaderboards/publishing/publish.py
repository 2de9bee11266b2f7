"""From the runs of a store to the folder of a release: written beside the old one, then put in its place."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from leaderboards import released
from leaderboards.cache import packed, sync
from leaderboards.exports import to_markdown
from leaderboards.narrow import plain
from leaderboards.publishing import changes, freeze, plots
from leaderboards.query import board_of
from leaderboards.released import Release
from leaderboards.rows import Board
from schedules.errors import UserError


@dataclass(frozen=True)
class Published:
    """What came of publishing. changed: the new lines of the log"""

    folder: Path
    release: Release
    board: Board
    changed: tuple[str, ...]


def publish(
    store: Path, track: str, to: Path = released.FOLDER, on_progress: sync.Progress = lambda done, total: None
) -> Published:
    """Write the release of a track into the folder `to`/<track>, in place of the one that is there.

    Raises UserError for a store without runs of the track as it is now, for a board with a single seed, and for a
    folder that cannot be written.
    """
    runs = freeze.counting(sync.synchronised(store, track, False, on_progress), track)
    frozen = freeze.slim(runs)
    table = freeze.as_table(frozen)
    facts = plain(table.drop_duplicates("run_id"))
    if facts["seed"].nunique() < 2:
        raise UserError(f"{track} has one seed, {facts['seed'].iloc[0]}: no interval, no rank, nothing to publish")
    release = freeze.describe(store, track, frozen, runs, facts)
    board = board_of(table, track)
    changed = changes.between(_board_before(to, track), board)
    home, fresh = to / track, to / f".{track}.{uuid.uuid4().hex[:8]}"
    try:
        fresh.mkdir(parents=True)
        _write(fresh / released.RESULTS, frozen)
        _write(fresh / released.LINES, freeze.lines_of(store, track, runs))
        (fresh / released.RELEASE).write_text(release.model_dump_json(indent=1) + "\n")
        (fresh / released.TABLE).write_text(f"{to_markdown(board)}\n")
        (fresh / released.CHANGES).write_text(changes.log(track, release.made, changed, _log_before(to, track)))
        plots.draw(board, fresh)
        _put(fresh, home)
    except OSError as error:
        raise UserError(f"results cannot be written to {home}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Published(home, release, board, tuple(changed))


def _write(file: Path, table: pa.Table) -> None:
    """As small as may be: words by dictionary, numbers with their bytes apart."""
    numbers = [f"{field.name}.list.element" for field in table.schema if pa.types.is_list(field.type)]
    words = [field.name for field in table.schema if not pa.types.is_list(field.type)]
    pq.write_table(
        table, file, compression="zstd", compression_level=19, use_dictionary=words, use_byte_stream_split=numbers
    )


def _put(fresh: Path, home: Path) -> None:
    old = home.with_name(f"{fresh.name}.old")
    if home.exists():
        home.rename(old)
    fresh.rename(home)
    shutil.rmtree(old, ignore_errors=True)


def _board_before(to: Path, track: str) -> Board | None:
    """The board of the release that is there."""
    file = to / track / released.RESULTS
    if not file.is_file():
        return None
    return board_of(packed.unpack(packed.newest(released.read_results(file)), source="published"), track)


def _log_before(to: Path, track: str) -> str:
    file = to / track / released.CHANGES
    return file.read_text() if file.is_file() else ""
