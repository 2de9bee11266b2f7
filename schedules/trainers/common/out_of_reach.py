"""Which flag a trainer was given a number with that no registered schedule reaches, and how far they do reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from schedules.errors import UserError
from schedules.spaces import text
from schedules.trainers.common.trainer import Settings, Span, Trainer, Value

HALVINGS = 60
DIGITS = (3, 6, 17)


def out_of_reach(
    trainer: Trainer, stated: Settings, complete: Settings, drawn: Callable[[Settings], bool]
) -> UserError:
    """What to say of flags that draw what no registered schedule says, in the names that the trainer has for them.

    From plain numbers of all flags that do draw one, they get those in question one after another; the first that may
    not be is named.

    complete: the stated flags and the defaults of the others
    drawn:    whether flags draw what is registered, the others at their defaults
    """
    wanted = {name: value for name, value in {**stated, **complete}.items() if _is_number(value)}
    for plain in _plain_numbers(trainer, complete):
        flags = {**complete, **plain}
        if not drawn(flags):
            continue
        for name, number in wanted.items():
            if not drawn({**flags, name: number}):
                inside, outside = float(flags.get(name, 0.0)), float(number)
                end = _last(inside, outside, partial(_drawn_at, drawn, dict(flags), name))
                default = "" if name in stated else " by default"
                expected = f"expected at {'most' if outside > inside else 'least'} {end}"
                shown = f"{trainer.name}: {_shown(trainer, name, outside)}{default}"
                return UserError(f"{shown}: no registered schedule reaches that; {expected}")
            flags[name] = number
    numbers = [_shown(trainer, name, float(wanted[name])) for name in stated if name in wanted]
    return UserError(
        f"{trainer.name}: {', '.join(numbers) or 'these flags'}: no registered schedule says what is drawn"
    )


def _drawn_at(drawn: Callable[[Settings], bool], flags: Settings, name: str, number: float) -> bool:
    return drawn({**flags, name: number})


def _plain_numbers(trainer: Trainer, complete: Settings) -> Iterator[dict[str, Value]]:
    """Numbers that are nothing odd: defaults, and the middle of where the search of a way like this one goes."""
    defaults = {name: flag.default for name, flag in trainer.flags.items() if _is_number(flag.default)}
    plain: dict[str, Value] = {name: value for name, value in defaults.items() if value is not None}
    yield plain
    for way in trainer.ways:
        words = {name: value for name, value in way.fixed.items() if not _is_number(value)}
        if all(complete.get(name) == value for name, value in words.items()):
            yield {**plain, **way.fixed, **{name: _middle(span) for name, span in way.free.items()}}


def _last(inside: float, outside: float, drawn: Callable[[float], bool]) -> str:
    """The last number on the way from one to the other that is drawn, in as few digits as keep it so."""
    for _ in range(HALVINGS):
        between = _between(inside, outside)
        inside, outside = (between, outside) if drawn(between) else (inside, between)
    shortened = (f"{inside:.{digits}g}" for digits in DIGITS)
    return next((short for short in shortened if drawn(float(short))), text(inside))


def _between(one: float, other: float) -> float:
    """The middle by size, so that the way is short to any number."""
    if one * other > 0:
        return math.copysign(math.sqrt(abs(one)) * math.sqrt(abs(other)), one)
    return math.sinh(0.5 * (math.asinh(one) + math.asinh(other)))


def _middle(span: Span) -> float:
    return math.sqrt(span.low * span.high) if span.log else 0.5 * (span.low + span.high)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(trainer: Trainer, name: str, number: float) -> str:
    """As it was given: a flag of the trainer, or an option of ours."""
    written = trainer.flags[name].written
    return f"{name}={text(number)}" if written else f"--{name.replace('_', '-')} {text(number)}"
