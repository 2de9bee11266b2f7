"""Without -t, `run` trains for the targets of the published table, so that a new entry stands in it."""

import pytest

from harness import tracks
from leaderboards.boards import query
from leaderboards.data import released


@pytest.mark.parametrize("track", released.released_tracks())
def test_what_is_run_by_default_stands_in_the_published_table_over_all_targets(track, snrbench, tmp_path):
    """Of a board of one target: in that target's."""
    board = query.board_of(released.published_table(track), track)
    columns = list(board.overall.targets) if board.overall else [section.target for section in board.sections]
    assert tracks.board_targets(track) == columns
    code, planned, _ = snrbench("run", track, "--seeds", 1, "--dry-run", "--store", tmp_path / "store")
    targets = [line.split(" × ")[1] for line in planned.splitlines() if " × " in line]
    assert (code, targets) == (0, columns)


def test_elsewhere_v_is_run_by_default(snrbench, tmp_path):
    for words in (("cifar10-v1",), ("digits-v1", "--budget-fraction", 0.2)):
        code, planned, _ = snrbench("run", *words, "--seeds", 1, "--dry-run", "--store", tmp_path / "store")
        assert (code, [line.split(" × ")[1] for line in planned.splitlines() if " × " in line]) == (0, ["v"])
