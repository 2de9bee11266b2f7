"""Where a density stands on the published boards, whatever it is called there."""

from __future__ import annotations

from typing import Any

from leaderboards.boards.query import board_of
from leaderboards.boards.rows import Board, Row, Section
from leaderboards.data.released import published_table, released_tracks
from leaderboards.render.columns import rank
from schedules import Schedule, UserError, parse
from schedules.relatives import similarity


def published_rows(schedule: Schedule) -> list[dict[str, Any]]:
    """Rows of published boards whose density is this one, by track and target.

    Each is `track, target, entry, rank, rank_low, rank_high, entries,
    metric, mean, ci_low, ci_high, ratio` and `text`, which says it. Ranks
    are those among all entries of the section; over all targets where the board has such a section.
    """
    return [row for track in released_tracks() for row in _rows(schedule, track)]


def _rows(schedule: Schedule, track: str) -> list[dict[str, Any]]:
    tables = published_table(track)
    pairs = tables.runs[["entry", "target", "schedule"]].drop_duplicates()
    alike = {spec for spec in pairs["schedule"].unique() if _same(schedule, spec)}
    entries = {(str(row.entry), str(row.target)) for row in pairs.itertuples() if row.schedule in alike}
    if not entries:
        return []
    board = board_of(tables, track)
    # Over all targets an entry stands for this density only if it has it for each of those.
    targets = set(board.overall.targets) if board.overall else set()
    whole = {entry for entry, _ in entries if targets <= {target for name, target in entries if name == entry}}
    rows = (
        [_facts(board, board.overall, row) for row in board.overall.rows if row.entry in whole] if board.overall else []
    )
    rest = [(section, row) for section in board.cells for row in section.rows if (row.entry, section.target) in entries]
    return rows + [
        _facts(board, section, row)
        for section, row in rest
        if not rows or row.entry not in whole or section.target not in targets
    ]


def _same(schedule: Schedule, spec: str) -> bool:
    try:
        published = parse(spec)
    except UserError:
        return False  # a plugin's, which is not here
    return not published.learns and not schedule.learns and similarity.same(schedule, published)


def _facts(board: Board, section: Section, row: Row) -> dict[str, Any]:
    place = "unranked" if row.rank is None else f"rank {rank(row)} of {section.entries}"
    interval = f"{row.metric} {row.mean:.3g} [{row.ci_low:.3g}, {row.ci_high:.3g}]"
    against = "the baseline" if row.baseline else f"{row.ratio:.2f} × {board.baseline}'s"
    return {
        "track": board.track,
        "target": section.target,
        "entry": row.entry,
        "rank": row.rank,
        "rank_low": row.rank_low,
        "rank_high": row.rank_high,
        "entries": section.entries,
        "metric": row.metric,
        "mean": row.mean,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "ratio": row.ratio,
        "text": f"{place}, {interval}, {against}",
    }
