"""A board as Markdown, CSV or JSON; names that a user chose come out as text, whatever they contain."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from typing import Any

from leaderboards.columns import columns, legend, title
from leaderboards.rows import Board, Row
from leaderboards.wording import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins with one of these."""


def to_json(board: Board) -> str:
    """A list of rows, those over all targets with target "all"; strict JSON: a number that is not finite is null."""
    return json.dumps([record(row) for row in board.rows], indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(board: Board) -> str:
    """One line per row, the fields of the JSON; empty where JSON has null, params and values as JSON in a cell."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Row.__dataclass_fields__)
    writer.writerows([_csv_cell(value) for value in record(row).values()] for row in board.rows)
    return file.getvalue().rstrip("\n")


def to_markdown(board: Board) -> str:
    """A heading and a table for each section, then the legend as a list."""
    parts = []
    for section in board.sections:
        shown = columns(board, section)
        lines = [
            f"### {visible(title(board, section))}\n",
            f"| {' | '.join(_escaped(column.header) for column in shown)} |",
            f"|{'|'.join(':--' if column.name else '--:' for column in shown)}|",
        ]
        for row in section.rows:
            cells = [_code(column.text(row)) if column.name else _escaped(column.text(row)) for column in shown]
            lines.append(f"| {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, "\n".join(f"- {_escaped(line)}" for line in legend(board))])


FORMATS: dict[str, Callable[[Board], str]] = {"md": to_markdown, "csv": to_csv, "json": to_json}


def record(row: Row) -> dict[str, Any]:
    """A row as plain values: what is not finite is None, `params` is the object that its JSON says."""
    fields = asdict(row)
    with suppress(ValueError):
        fields["params"] = json.loads(row.params)
    cleaned: dict[str, Any] = _finite(fields)
    return cleaned


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if value.startswith(FORMULA) else text


def _escaped(text: str) -> str:
    """Text in which Markdown and HTML find nothing to do."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|~" else c for c in visible(text)).replace("&", "&amp;")


def _code(text: str) -> str:
    """A code span: only its own fence and the table's bar mean anything inside."""
    shown = visible(text).replace("|", r"\|")
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
