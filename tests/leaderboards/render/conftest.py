"""The boards that every way to render is tried on."""

import pytest

from leaderboards.boards.board import board


@pytest.fixture
def ranked(paper, metric):
    return board(paper, track="digits-v1", metric=metric(), floor=0.25, features="digits-classifier-32")


@pytest.fixture
def hostile(table, metric, request):
    """A board whose entries have the names in HOSTILE of the module that asks."""
    table.runs_of("cosine", [1.0, 1.1, 1.2])
    for index, name in enumerate(request.module.HOSTILE):
        table.runs_of(name, [0.5 + index, 0.6 + index, 0.55 + index], params='{"a": 1}')
    return board(table.tables, track="digits-v1", metric=metric())
