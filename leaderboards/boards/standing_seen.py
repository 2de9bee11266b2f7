"""Whether the runs of a board show that its baseline has not learned the task, where the track's card says nothing."""

from __future__ import annotations

from harness import tracks
from harness.tracks.standing import standing
from leaderboards.boards.rows import Board

UNKNOWN = ("shortened", "not measured")


def note(board: Board) -> str:
    """A sentence where the baseline is untrained, by the rule that cards are judged by; "" elsewhere.

    board: by the track's own metric at each entry's best guidance, or there is nothing to judge by
    """
    track = tracks.get(board.track)
    by_rule = board.metric.name == track.evaluation.distance and board.guidance == "best"
    if not by_rule or tracks.standing(track.name).kind not in UNKNOWN:
        return ""
    figures = {
        cell.target: {"fd_mean": row.mean, "guidance": row.guidance_scale}
        for cell in board.cells
        for row in cell.rows
        if row.baseline and not row.diverged and row.guidance_scale is not None
    }
    seen = standing(track, {"floors": {board.metric.name: board.floor}, "baseline_best": figures})
    if seen.kind != "untrained":
        return ""
    return f"untrained, as these runs show: {seen.why}; what is better here may be what learns sooner"
