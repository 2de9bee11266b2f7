"""From the runs of a store to the folder of a release: written beside the old one, then put in its place."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from leaderboards.boards.query import board_of
from leaderboards.boards.rows import Board
from leaderboards.data import released, track_noise
from leaderboards.data.cache import sync
from leaderboards.data.released import Release
from leaderboards.data.table_parts import plain
from leaderboards.releases.publishing import agreement, changes, freezing, joining, plots
from leaderboards.releases.publishing.equal_densities import as_text
from leaderboards.releases.publishing.joining import Before, Content
from leaderboards.releases.publishing.noise import noise_of
from leaderboards.render.formats import to_markdown
from schedules.errors import UserError


@dataclass(frozen=True)
class Published:
    """What came of publishing. changed: the new lines of the log; stayed: number of runs that the store lacks"""

    folder: Path
    release: Release
    board: Board
    changed: tuple[str, ...]
    stayed: int = 0


def publish(
    store: Path,
    track: str,
    to: Path = released.FOLDER,
    on_progress: sync.Progress = lambda done, total: None,
    *,
    replace: bool = False,
    costs: bool = True,
) -> Published:
    """Add a store's runs of a track to its release in the folder `to`/<track>, or make the first one.

    A release of another protocol or version of the track is replaced, and its log says so.

    replace: release what the store holds and nothing else
    costs:   release the seconds and the memory that the store's runs and tuning took, too

    Raises UserError for a store without runs of the track as it is now, for a board with a single seed, and for a
    folder that cannot be read or written.
    """
    with _alone(to / track):
        return _publish(store, track, to, on_progress, replace, costs)


def _alone(home: Path) -> FileLock:
    """Held while a release is read and replaced: of two that publish at once, the second adds to the first's."""
    name = hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:16]
    return FileLock(Path(tempfile.gettempdir()) / f"snrbench-publish-{name}.lock")


def _publish(store: Path, track: str, to: Path, on_progress: sync.Progress, replace: bool, costs: bool) -> Published:
    home = to / track
    runs = freezing.counting(sync.synchronised(store, track, False, on_progress), track)
    own = freezing.content(store, track, runs, costs)
    before = joining.before(home)
    why = None if before is None else joining.apart(before.release)
    found = own if before is None or why or replace else joining.joined(before.content, own)
    table = freezing.as_table(found.runs)
    facts = plain(table.drop_duplicates("run_id"))
    if facts["seed"].nunique() < 2:
        raise UserError(f"{track} has one seed, {facts['seed'].iloc[0]}: no interval, no rank, nothing to publish")
    board = board_of(table, track)
    changed = tuple(_changed(track, before, why, found, board))
    fresh = to / f".{track}.{uuid.uuid4().hex[:8]}"
    try:
        fresh.mkdir(parents=True)
        _write(fresh / released.RESULTS, found.runs)
        _write(fresh / released.LINES, found.lines)
        release = _dated(freezing.describe(track, found, facts), before, home, fresh)
        (fresh / released.RELEASE).write_text(release.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (fresh / track_noise.NOISE).write_text(track_noise.written(noise_of(table, track)), encoding="utf-8")
        whole = "\n\n".join(filter(None, [to_markdown(board), as_text(board)])) + "\n"
        (fresh / released.TABLE).write_text(whole, encoding="utf-8")
        log = changes.log(track, release.made, changed, _log_before(to, track))
        (fresh / released.CHANGES).write_text(log, encoding="utf-8")
        plots.draw(board, fresh)
        agreement.write(table, track, fresh)
        _put(fresh, home)
    except OSError as error:
        raise UserError(f"results cannot be written to {home}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Published(home, release, board, changed, found.runs.num_rows - own.runs.num_rows)


def _changed(track: str, before: Before | None, why: str | None, found: Content, board: Board) -> list[str]:
    if before is None:
        return changes.first(found.runs)
    old = before.content.runs
    if why:
        return changes.anew(why, old, found.runs)
    return changes.between(old, found.runs, (board_of(freezing.as_table(old), track), board))


def _dated(release: Release, before: Before | None, home: Path, fresh: Path) -> Release:
    """With the date of the release before where nothing is new, so that publishing again changes no byte."""
    if before is None:
        return release
    old = release.model_copy(update={"made": before.release.made})
    files = (released.RESULTS, released.LINES)
    same = old == before.release and all((home / name).read_bytes() == (fresh / name).read_bytes() for name in files)
    return old if same else release


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


def _log_before(to: Path, track: str) -> str:
    file = to / track / released.CHANGES
    return file.read_text(encoding="utf-8") if file.is_file() else ""
