"""From the runs of a store to the folder of a release: written beside the old one, then put in its place."""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from leaderboards import replication
from leaderboards.boards.query import board_of
from leaderboards.boards.rows import Board
from leaderboards.data import released, track_noise
from leaderboards.data.cache import sync
from leaderboards.data.released import Release
from leaderboards.releases.publishing import agreement, changes, freezing, joining, plots, samples
from leaderboards.releases.publishing.equal_densities import as_text
from leaderboards.releases.publishing.joining import Before, Content
from leaderboards.releases.publishing.noise import noise_of
from leaderboards.releases.publishing.samples import Pictures
from leaderboards.render.formats import md
from schedules.errors import UserError


@dataclass(frozen=True)
class Published:
    """What came of publishing. changed: the new lines of the log; stayed: number of runs that the store lacks"""

    folder: Path
    release: Release
    board: Board
    changed: tuple[str, ...]
    pictures: Pictures
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
    content = own if before is None or why or replace else joining.joined(before.content, own)
    tables = freezing.as_table(content.runs)
    facts = tables.runs
    if facts["seed"].nunique() < 2:
        raise UserError(f"{track} has one seed, {facts['seed'].iloc[0]}: no interval, no rank, nothing to publish")
    board = board_of(tables, track)
    changed = tuple(_changed(track, before, why, content, board))
    described = freezing.describe(track, content, facts)
    pictures = samples.joined(content.runs, home, store, runs)
    release = _put(to, track, content, lambda fresh: _dated(described, before, home, fresh), board, changed, pictures)
    return Published(home, release, board, changed, pictures, content.runs.num_rows - own.runs.num_rows)


def recompute(track: str, to: Path = released.FOLDER) -> Published:
    """Table, pictures and noise of the release in `to`/<track> anew, by the statistics as they are now.

    No score changes, and the log says so.

    UserError where there is no release, or it is of another protocol or version of the track.
    """
    home = to / track
    with _alone(home):
        before = joining.before(home)
        if before is None:
            raise UserError(f"no release of {track} in {to}")
        if why := joining.apart(before.release):
            raise UserError(f"the release of {track} cannot be computed anew: {why}")
        content, board = before.content, board_of(freezing.as_table(before.content.runs), track)
        same = (home / released.TABLE).read_text(encoding="utf-8") == _table(board)
        changed = () if same else (changes.recomputed(board),)
        day = before.release.made if same else datetime.now(UTC).date().isoformat()
        release = before.release.model_copy(update={"made": day})
        pictures = samples.of_release(content.runs, home)
        _put(to, track, content, lambda fresh: release, board, changed, pictures, rewrite=False)
        return Published(home, release, board, changed, pictures)


def _put(
    to: Path,
    track: str,
    content: Content,
    describe: Callable[[Path], Release],
    board: Board,
    changed: tuple[str, ...],
    pictures: Pictures,
    *,
    rewrite: bool = True,
) -> Release:
    """Write a release beside the old one, then put it in its place; fresh seeds beside it are compared anew.

    describe: from the new folder, which holds the results, to what the release says of itself
    rewrite:  write the results, too; else they stay as they are, byte by byte
    """
    home, fresh = to / track, to / f".{track}.{uuid.uuid4().hex[:8]}"
    try:
        fresh.mkdir(parents=True)
        for name, part in ((released.RESULTS, content.runs), (released.LINES, content.lines)):
            if rewrite:
                write_runs(fresh / name, part)
            else:
                shutil.copy2(home / name, fresh)
        release = describe(fresh)
        tables = freezing.as_table(content.runs)
        noise = noise_of(tables, track)
        log = changes.log(track, release.made, changed, _log_before(to, track))
        for name, text in (
            (released.RELEASE, release.model_dump_json(indent=1) + "\n"),
            (track_noise.NOISE, track_noise.written(noise)),
            (released.TABLE, _table(board)),
            (released.CHANGES, log),
        ):
            (fresh / name).write_text(text, encoding="utf-8")
        plots.draw(board, fresh)
        pictures.write(fresh)
        agreement.write(tables, track, fresh)
        if (home / replication.RUNS).is_file():
            shutil.copy2(home / replication.RUNS, fresh)
            replication.refresh(fresh, tables, track)
        _swap(fresh, home)
    except OSError as error:
        raise UserError(f"results cannot be written to {home}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return release


def _table(board: Board) -> str:
    return "\n\n".join(filter(None, [md.board(board), as_text(board)])) + "\n"


def _changed(track: str, before: Before | None, why: str | None, content: Content, board: Board) -> list[str]:
    if before is None:
        return changes.first(content.runs)
    old = before.content.runs
    if why:
        return changes.anew(why, old, content.runs)
    return changes.between(old, content.runs, functools.cache(lambda: (board_of(freezing.as_table(old), track), board)))


def _dated(release: Release, before: Before | None, home: Path, fresh: Path) -> Release:
    """With the date of the release before where nothing is new, so that publishing again changes no byte."""
    if before is None:
        return release
    old = release.model_copy(update={"made": before.release.made})
    files = (released.RESULTS, released.LINES)
    same = old == before.release and all((home / name).read_bytes() == (fresh / name).read_bytes() for name in files)
    return old if same else release


def write_runs(file: Path, table: pa.Table) -> None:
    """As small as may be: words by dictionary, numbers with their bytes apart."""
    numbers = [f"{field.name}.list.element" for field in table.schema if pa.types.is_list(field.type)]
    words = [field.name for field in table.schema if not pa.types.is_list(field.type)]
    pq.write_table(
        table, file, compression="zstd", compression_level=19, use_dictionary=words, use_byte_stream_split=numbers
    )


def _swap(fresh: Path, home: Path) -> None:
    old = home.with_name(f"{fresh.name}.old")
    if home.exists():
        home.rename(old)
    fresh.rename(home)
    shutil.rmtree(old, ignore_errors=True)


def _log_before(to: Path, track: str) -> str:
    file = to / track / released.CHANGES
    return file.read_text(encoding="utf-8") if file.is_file() else ""
