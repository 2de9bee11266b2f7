"""What tuned entries were tuned to, and in which space: shown wherever one stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import schedules
from leaderboards.boards.rows import Row
from schedules import Schedule, UserError, grammar, trainers
from schedules.grammar import Call
from schedules.schedule import SCHEDULES
from schedules.spaces import Value

TRAINING = {"learning_rate": "lr", "ema": "EMA"}
"""What tuning searches beside the schedule: multiples of the track's own."""
OWN_HEAD = "lr, EMA: multiples of the track's learning rate and of its EMA's time constant"
HEAD = f"{OWN_HEAD}; flags draw the same density, {trainers.UNITS_HOLD}"


def of_entry(params: str, tuned_from: str, spec: str = "") -> str:
    """Searched parameters as a spec writes them, then training's: "loc=0.83,scale=0.836, lr × 1.98, EMA × 0.969".

    params:     a JSON object in a string: parameters, or target → parameters
    tuned_from: the spec that was tuned
    spec:       what its runs trained with: shown in place of the parameters of a spec with transforms or parts, as
                those of its family alone are recorded
    """
    values = _read(params)
    if any(isinstance(value, dict) for value in values.values()):
        return "; ".join(f"{target}: {_text(value, tuned_from)}" for target, value in values.items())
    return _text(values, tuned_from, _composed(tuned_from, spec))


def in_trainers(params: str, tuned_from: str, spec: str = "") -> str:
    """The same density in trainers' units, as `schedules.trainers.in_units`; "" where there is nothing to say.

    params, tuned_from, spec: as of `of_entry`
    """
    values = _read(params)
    if any(isinstance(value, dict) for value in values.values()):
        of_target = {target: _units(value, tuned_from) for target, value in values.items() if isinstance(value, dict)}
        return "; ".join(f"{target}: {units}" for target, units in of_target.items() if units)
    composed = _composed(tuned_from, spec)
    return trainers.in_units(composed) if composed else _units(values, tuned_from)


def schedule_of(params: str, tuned_from: str) -> Schedule:
    """The schedule that a tuned entry is.

    params:     a JSON object in a string
    tuned_from: the spec that was tuned
    UserError:  parameters of transforms, or of parts of mixtures, which are not recorded; others for each target
    """
    family, values = _family(tuned_from), _read(params)
    if any(isinstance(value, dict) for value in values.values()):
        raise UserError(f"{schedules.as_tuned(tuned_from)} is another schedule for each target; choose one")
    if family is None:
        raise UserError(f"{tuned_from!r}: the parameters of its transforms, or of its parts, are not recorded")
    family_params = schedules.info(family.name).params
    return schedules.create(family.name, **{key: value for key, value in values.items() if key in family_params})


def lines(rows: Iterable[Row], units: bool = True) -> list[str]:
    """A line for each tuned entry, all its targets together, in its own units and in those of trainers.

    rows:  of single targets
    units: False for its own units alone, which fit a terminal and take no search for flags
    """
    by_entry: dict[str, list[Row]] = {}
    for row in rows:
        if row.tuned:
            by_entry.setdefault(row.entry, []).append(row)
    line = _line if units else _own_line
    return [f"{entry}: {line(own)}" for entry, own in sorted(by_entry.items())]


def searched_besides(params: str, tuned_from: str) -> list[str]:
    """Parameters that were searched then and are given now: those that tuning moved although they are given."""
    values, (given_names, before) = _read(params), _given(tuned_from)
    return [key for key in given_names if key in values and values[key] != before[key]]


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


def _own_line(rows: list[Row]) -> str:
    return "; ".join(f"{row.target}: {of_entry(row.params, row.tuned_from, row.schedule)}" for row in rows)


def _line(rows: list[Row]) -> str:
    parts, drawn = [], False
    for row in rows:
        units = in_trainers(row.params, row.tuned_from, row.schedule)
        drawn = drawn or bool(units)
        own = of_entry(row.params, row.tuned_from, row.schedule)
        parts.append(f"{row.target}: {' · '.join(filter(None, (own, units)))}")
    moved = any(_moved(row.params, row.tuned_from) or _composed(row.tuned_from, row.schedule) for row in rows)
    return "; ".join(parts) + (f" · {trainers.NOT_IN_UNITS}" if moved and not drawn else "")


def _moved(params: str, tuned_from: str) -> bool:
    """Whether tuning searched a parameter of a schedule that is known here."""
    family, values = _family(tuned_from), _read(params)
    return family is not None and any(key in values for key in schedules.info(family.name).params)


def _units(values: Mapping[str, Any], tuned_from: str) -> str:
    text = json.dumps(values)
    if not _moved(text, tuned_from):
        return ""
    try:
        return trainers.in_units(schedule_of(text, tuned_from).spec)
    except (UserError, TypeError):  # of another version, or handed in from elsewhere
        return ""


def _composed(tuned_from: str, spec: str) -> str:
    """The spec, where it has transforms or is a mixture, and is known here; else ""."""
    try:
        tree = grammar.read(spec)
        if isinstance(tree.source, Call) and not tree.transforms:
            return ""
        return schedules.parse(spec).spec if _family(tuned_from) is None else ""
    except UserError:
        return ""


def _text(values: Any, tuned_from: str, composed: str = "") -> str:
    if not isinstance(values, dict):  # of results that were handed in from elsewhere
        return str(values)
    given_names, before = _given(tuned_from)
    unmoved = {key for key in given_names if values.get(key) == before[key]}
    own = () if composed else set(values) - unmoved - TRAINING.keys()
    shown = [f"{key}={_number(value)}" for key, value in values.items() if key in own or key.startswith("weighting.")]
    times = [f"{name} × {float(values.get(key, 1.0)):.3g}" for key, name in TRAINING.items()]
    return ", ".join([*filter(None, (composed, ",".join(shown))), *times])


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
    family = _family(spec, transformed=True)
    if family is None:
        return (), {}
    try:
        values = SCHEDULES.bind(family.name, {argument.key: argument.value for argument in family.arguments})
        return SCHEDULES.info(family.name).given, values
    except UserError:
        return (), {}


def _family(spec: str, transformed: bool = False) -> Call | None:
    """The family of a spec, through its presets; None for a mixture one unknown here, or a transform, unless allowed"""
    try:
        tree = grammar.read(spec)
        while isinstance(tree.source, Call) and (transformed or not tree.transforms):
            stands_for = schedules.info(tree.source.name).spec
            if not stands_for:
                return tree.source
            tree = grammar.read(stands_for)
    except UserError:
        pass
    return None
