"""Flags → what they draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from schedules.errors import UserError, unknown
from schedules.schedule import Schedule, parse
from schedules.trainers.common import text
from schedules.trainers.common.out_of_reach import out_of_reach
from schedules.trainers.common.trainer import Draw, Flag, Settings, Trainer, Value

LIKENESS = 0.9  # of two names, from which on one is taken for a slip of the other


@dataclass(frozen=True)
class Reading:
    """What a trainer draws with some flags.

    schedule:  the density
    weighting: the loss weight beside it, a spec
    settings:  all flags that decide it, defaults included
    notes:     what a reader should know, one line each

        >>> from schedules import trainers
        >>> reading = trainers.read("sd-scripts", "--timestep_sampling sigmoid")
        >>> reading.schedule.spec, reading.weighting
        ('logit_normal', 'native')
    """

    schedule: Schedule
    weighting: str
    settings: Settings
    notes: tuple[str, ...]


def read(trainer: Trainer, flags: str, *, tokens: int | None = None, sigma_data: float | None = None) -> Reading:
    """What the trainer draws.

    flags:      as pasted: a command line, keyword arguments, JSON or YAML; flags left out have the trainer's defaults
    tokens:     image tokens, where the density depends on them
    sigma_data: σ_d, where the trainer has one
    UserError: a flag that looks like a slip, a value that the trainer doesn't take, a draw without a density
    """
    stated, ignored = parse_flags(trainer, flags, tokens=tokens, sigma_data=sigma_data)
    settings = complete(trainer, stated)
    draw = _draw(trainer, stated)
    try:
        schedule = parse(draw.spec)
    except UserError as problem:
        raise out_of_reach(
            trainer, stated, complete(trainer, stated), lambda flags: _is_drawn(trainer, flags)
        ) from problem
    notes = draw.notes + ((f"not about noise levels, left aside: {', '.join(ignored)}",) if ignored else ())
    return Reading(schedule, draw.weighting, settings, notes)


def parse_flags(
    trainer: Trainer, flags: str, *, tokens: int | None = None, sigma_data: float | None = None
) -> tuple[dict[str, Value], list[str]]:
    """The flags stated, in their own types, and the names of those that have nothing to do with noise levels."""
    switches = {name for name, flag in trainer.flags.items() if isinstance(flag.default, bool)}
    pasted = text.read(flags, switches)
    stated: dict[str, Value] = {}
    for word in pasted.words:
        stated.update(trainer.named(word))
    ignored = []
    for name, value in pasted.named.items():
        if name in trainer.flags:
            stated[name] = _typed(trainer, name, trainer.flags[name], value)
        elif get_close_matches(name, trainer.flags, n=1, cutoff=LIKENESS):
            raise unknown(f"flag of {trainer.name}", name, trainer.flags)
        else:
            ignored.append(name)
    for name, number in (("tokens", tokens), ("sigma_data", sigma_data)):
        if number is not None:
            stated[name] = _extra(trainer, name, number)
    return stated, ignored


def complete(trainer: Trainer, stated: Mapping[str, Value]) -> dict[str, Value]:
    """The flags stated, and the defaults of the others; one that the trainer's code decides on is left out."""
    defaults = {name: flag.default for name, flag in trainer.flags.items() if flag.default is not None}
    return {**defaults, **stated}


def drawn(trainer: Trainer, stated: Mapping[str, Value]) -> tuple[Schedule, Draw]:
    """The density and all else that flags draw."""
    draw = trainer.draw(complete(trainer, stated))
    return parse(draw.spec), draw


def _draw(trainer: Trainer, stated: Mapping[str, Value]) -> Draw:
    try:
        return trainer.draw(complete(trainer, stated))
    except UserError:
        raise
    except (ArithmeticError, ValueError) as problem:  # numbers that arithmetic does not reach
        raise out_of_reach(
            trainer, stated, complete(trainer, stated), lambda flags: _is_drawn(trainer, flags)
        ) from problem


def _is_drawn(trainer: Trainer, stated: Mapping[str, Value]) -> bool:
    try:
        drawn(trainer, stated)
    except (UserError, ArithmeticError, ValueError):
        return False
    return True


def _extra(trainer: Trainer, name: str, number: float) -> float:
    option = f"--{name.replace('_', '-')}"
    if name not in trainer.flags:
        why = "the size of its images" if name == "tokens" else "σ_d: λ is that of data of unit variance"
        raise UserError(f"{option} {number:g}: what {trainer.name} draws does not depend on {why}")
    flag = trainer.flags[name]
    if not (math.isfinite(number) and flag.low <= number <= flag.high):
        raise UserError(f"{option} {number:g}: expected a number in [{flag.low:g}, {flag.high:g}]")
    return float(number)


def _typed(trainer: Trainer, name: str, flag: Flag, value: str) -> Value:
    """A flag's value in the type of its default."""
    label = f"{trainer.name}: {name}={value}"
    if flag.choices:
        if value not in flag.choices:
            raise unknown(f"{name} of {trainer.name}", value, flag.choices)
        return value
    if isinstance(flag.default, bool):
        if value.lower() not in text.YES + text.NO:
            raise UserError(f"{label}: expected true or false")
        return value.lower() in text.YES
    if isinstance(flag.default, str):
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and flag.low <= number <= flag.high):
        ends = "" if math.isinf(flag.low) and math.isinf(flag.high) else f" in [{flag.low:g}, {flag.high:g}]"
        raise UserError(f"{label}: expected a number{ends}")
    return number
