"""Schedules for other people's training loops: a JSON table, a PyTorch file of its own, a diffusers configuration."""

from __future__ import annotations

from schedules import exports
from schedules.errors import UserError
from schedules.exports.diffusers_config import to_diffusers
from schedules.exports.json_table import to_json
from schedules.exports.torch_file import to_torch
from schedules.schedule import Schedule

FORMATS = exports.names()

__all__ = ["FORMATS", "export", "to_diffusers", "to_json", "to_torch"]


def export(schedule: Schedule, to: str) -> str:
    """The schedule as text: torch, diffusers or json. UserError: unknown format, or a schedule that learns.

    >>> import json, schedules
    >>> from schedules.export import export
    >>> len(json.loads(export(schedules.parse("laplace"), "json"))["logsnr"])
    1001
    """
    form = exports.get(to)
    if schedule.learns:
        raise UserError(f"schedule {schedule.spec!r} learns while training; there is no fixed density to export")
    return form.write(schedule)
