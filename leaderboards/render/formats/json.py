"""JSON: a list of flat objects; strict, so a number that is not finite is null."""

from __future__ import annotations

import json
from typing import Any

from leaderboards.boards.rows import Board
from leaderboards.render.report import Report
from leaderboards.render.values import finite, record


def board(board: Board, per_seed: bool = False) -> str:
    """A list of rows, those over all targets with target "all".

    per_seed: says nothing new, `values` always has every seed's score
    """
    return _text([record(row) for row in board.rows])


def report(report: Report) -> str:
    """Its records."""
    return _text(finite(list(report.records)))


def _text(content: list[Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
