"""What tuned entries were tuned to, and in which space: shown wherever one stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import schedules
from leaderboards.boards.rows import Row
from schedules import UserError, grammar
from schedules.grammar import Call
from schedules.schedule import SCHEDULES
from schedules.spaces import Value

TRAINING = {"learning_rate": "lr", "ema": "EMA"}
"""What tuning searches beside the schedule: multiples of the track's own."""


def of_entry(params: str, tuned_from: str) -> str:
    """Searched parameters as a spec writes them, then training's: "loc=0.83,scale=0.836, lr × 1.98, EMA × 0.969".

    params:     a JSON object in a string: parameters, or target → parameters
    tuned_from: the spec that was tuned
    """
    values = _read(params)
    if any(isinstance(one, dict) for one in values.values()):
        return "; ".join(f"{target}: {_text(one, tuned_from)}" for target, one in values.items())
    return _text(values, tuned_from)


def lines(rows: Iterable[Row]) -> list[str]:
    """A line for each tuned entry, all its targets together.

    rows: of single targets
    """
    by_entry: dict[str, list[Row]] = {}
    for row in rows:
        if row.tuned:
            by_entry.setdefault(row.entry, []).append(row)
    return [f"{entry}: {_line(own)}" for entry, own in sorted(by_entry.items())]


def searched_besides(params: str, tuned_from: str) -> list[str]:
    """Parameters that were searched then and are given now: those that tuning moved although they are given."""
    values, (given, before) = _read(params), _given(tuned_from)
    return [key for key in given if key in values and values[key] != before[key]]


def space_notes(entries: Iterable[tuple[str, str, str]]) -> list[str]:
    """Which tuned entries were searched in another space than today's. entries: label, params, tuned_from"""
    besides: dict[str, set[str]] = {}
    for label, params, tuned_from in entries:
        for key in searched_besides(params, tuned_from):
            besides.setdefault(label, set()).add(key)
    return [
        f"{label} was searched in an earlier space, over {' and '.join(sorted(keys))} too (given now, not searched)"
        for label, keys in sorted(besides.items())
    ]


def _line(rows: list[Row]) -> str:
    return "; ".join(f"{row.target}: {of_entry(row.params, row.tuned_from)}" for row in rows)


def _text(values: Any, tuned_from: str) -> str:
    if not isinstance(values, dict):  # of results that were handed in from elsewhere
        return str(values)
    given, before = _given(tuned_from)
    unmoved = {key for key in given if values.get(key) == before[key]}
    shown = [f"{key}={_number(value)}" for key, value in values.items() if key not in unmoved | TRAINING.keys()]
    times = [f"{name} × {float(values.get(key, 1.0)):.3g}" for key, name in TRAINING.items()]
    return ", ".join([*([",".join(shown)] if shown else []), *times])


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(params: str) -> dict[str, Any]:
    try:
        values = json.loads(params)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _given(spec: str) -> tuple[tuple[str, ...], Mapping[str, Value]]:
    """Which parameters a spec's family has given, and all its values as published; none for a family unknown here."""
    try:
        source = grammar.read(spec).source
        while isinstance(source, Call) and (stands_for := schedules.info(source.name).spec):
            source = grammar.read(stands_for).source
        if not isinstance(source, Call):
            return (), {}
        values = SCHEDULES.bind(source.name, {one.key: one.value for one in source.arguments})
        return SCHEDULES.info(source.name).given, values
    except UserError:
        return (), {}
