"""A board as Markdown, CSV, JSON, HTML or LaTeX; names that a user chose come out as text, whatever they contain."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from typing import Any

from leaderboards.boards.rows import Board, Row
from leaderboards.render.columns import legend
from leaderboards.render.html import to_html
from leaderboards.render.latex import to_latex
from leaderboards.render.text_tables import Sheet, sheets
from leaderboards.wording import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins with one of these."""


def to_json(board: Board, per_seed: bool = True) -> str:
    """A list of rows, those over all targets with target "all"; strict JSON: a number that is not finite is null.

    per_seed: says nothing new, `values` always has every seed's score
    """
    return json.dumps([record(row) for row in board.rows], indent=2, ensure_ascii=False, allow_nan=False)


def to_csv(board: Board, per_seed: bool = False) -> str:
    """One line per row, the fields of the JSON; empty where JSON has null, params and values as JSON in a cell.

    per_seed: a column `seed_N` for each seed, too
    """
    file = io.StringIO()
    seeds = sorted({seed for row in board.rows for seed in row.values}) if per_seed else []
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*Row.__dataclass_fields__, *(f"seed_{seed}" for seed in seeds)])
    for row in board.rows:
        scores = [_finite(row.values.get(seed)) for seed in seeds]
        writer.writerow([*(_csv_cell(value) for value in record(row).values()), *scores])
    return file.getvalue().rstrip("\n")


def to_markdown(board: Board, per_seed: bool = False) -> str:
    """A heading and a table for each section, then the legend as a list."""
    parts = [markdown_table(sheet) for sheet in sheets(board, per_seed)]
    return "\n\n".join([*parts, "\n".join(f"- {_escaped(line)}" for line in legend(board))])


def markdown_table(sheet: Sheet) -> str:
    """A heading and a table."""
    lines = [
        f"### {visible(sheet.title)}\n",
        f"| {' | '.join(_escaped(header) for header in sheet.headers)} |",
        f"|{'|'.join(':--' if name else '--:' for name in sheet.names)}|",
    ]
    for cells in sheet.cells:
        texts = [_code(cell) if name else _escaped(cell) for name, cell in zip(sheet.names, cells, strict=True)]
        lines.append(f"| {' | '.join(texts)} |")
    return "\n".join(lines)


FORMATS: dict[str, Callable[[Board, bool], str]] = {
    "md": to_markdown,
    "csv": to_csv,
    "json": to_json,
    "html": to_html,
    "latex": to_latex,
}
"""Name of a format → the function of a board, and whether every seed's score is wanted, that writes it."""


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
