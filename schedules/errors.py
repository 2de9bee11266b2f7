"""The one exception that means "the user asked for something that cannot be": shown as one line, exit code 2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 80
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class UserError(ValueError):
    """A mistake in the input. The message is one line: the thing, the value, what was expected.

    >>> import schedules
    >>> schedules.create("laplace", scale=-1)
    Traceback (most recent call last):
    ...
    schedules.errors.UserError: schedule 'laplace': parameter scale=-1 is out of its space; ...
    """


OWN = {
    "track": "--track-plugin FILE.py, or the --store that `recommend` made it in",
    "metric": "--metric-plugin FILE.py",
    "schedule": "--plugin FILE.py",
    "weighting": "--plugin FILE.py",
    "executor": "--executor FILE.py",
}
"""Kind of thing → the option that brings one of somebody's own, which is easily forgotten."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Error for a name that does not exist, with the nearest ones that do, and how one of somebody's own comes in."""
    choices = sorted(known)
    if not isinstance(name, str):
        example = f", such as {choices[0]!r}" if choices else ""
        return UserError(f"{kind} is {_shown(name)}; expected the name of one, as text{example}")
    near = get_close_matches(name.lower(), choices, n=3, cutoff=0.5)
    own = f" (one of your own comes with {OWN[kind]})" if kind in OWN else ""
    if near:
        return UserError(f"unknown {kind} {name!r}; did you mean {', '.join(near)}?{own}")
    return UserError(f"unknown {kind} {name!r}{own}; known: {', '.join(choices)}")  # `own` before a long list


def missing(option: str, choices: Iterable[str]) -> UserError:
    """Error for an option or argument that has to be given, with what it can be."""
    return UserError(f"{option} is missing; expected one of {', '.join(choices)}")


def whole_number(name: str, value: object, least: int = 0) -> int:
    """The value as an int, NumPy's too; UserError for what is none, True and False among them, or is below `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise UserError(f"{name} is {_shown(value)}; expected a whole number, {least} or more")
    return int(value.__index__())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) < LONGEST and "\n" not in text else f"a {type(value).__name__}"


def text_of(error: BaseException) -> str:
    """What an exception says, in one line; its name where it says nothing: "NotImplementedError"."""
    try:
        text = str(error)
    except Exception:  # a plugin's own may fail at this, too
        text = ""
    return " ".join(harmless(text).split()) or type(error).__name__


def harmless(text: str) -> str:
    """A plugin's text without what would steer a terminal; line ends stay."""
    return _CONTROLS.sub(" ", text)


def named(error: BaseException) -> str:
    """An exception with its name, in one line: "KeyError: 'x'", "NotImplementedError"."""
    name, text = type(error).__name__, text_of(error)
    return name if text == name else f"{name}: {text}"
