"""CSV: the fields of the JSON, empty where that has null."""

from __future__ import annotations

import csv
import io

from leaderboards.boards.rows import Board, Row
from leaderboards.render.report import Report
from leaderboards.render.values import csv_cell, finite, record


def board(board: Board, per_seed: bool = False) -> str:
    """One line per row, the fields of the JSON; empty where JSON has null, params and values as JSON in a cell.

    per_seed: a column `seed_N` for each seed, too
    """
    file = io.StringIO()
    seeds = sorted({seed for row in board.rows for seed in row.values}) if per_seed else []
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*Row.__dataclass_fields__, *(f"seed_{seed}" for seed in seeds)])
    for row in board.rows:
        scores = [finite(row.values.get(seed)) for seed in seeds]
        writer.writerow([*(csv_cell(value) for value in record(row).values()), *scores])
    return file.getvalue().rstrip("\n")


def report(report: Report) -> str:
    """One line for each record, under the names of their fields."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for fields in report.records[:1]:
        writer.writerow(fields)
    for fields in report.records:
        writer.writerow(csv_cell(finite(value)) for value in fields.values())
    return file.getvalue().rstrip("\n")
