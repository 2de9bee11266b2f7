"""A row as plain values, and what becomes of values and names where something else reads them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from typing import Any

from leaderboards.boards.rows import Row
from leaderboards.wording import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins with one of these."""


def record(row: Row) -> dict[str, Any]:
    """A row as plain values: what is not finite is None, `params` is the object that its JSON says."""
    fields = asdict(row)
    with suppress(ValueError):
        fields["params"] = json.loads(row.params)
    cleaned: dict[str, Any] = finite(fields)
    return cleaned


def finite(value: Any) -> Any:
    """The same with None for every number that is not finite, however deep; JSON has none of those."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    return [finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def csv_cell(value: Any) -> Any:
    """A value for one cell: JSON of what is more than one, text that no spreadsheet runs."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if value.startswith(FORMULA) else text
