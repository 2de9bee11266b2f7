"""Flags as text: a command line, keyword arguments, JSON or YAML, read leniently and written in one of these.

A whole command or configuration may be pasted: what is not about noise levels is returned by name and left alone.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from schedules.errors import UserError
from schedules.spaces import Value
from schedules.spaces import text as shortest

_CALL = re.compile(r"[A-Za-z_][\w.]*\(([^()]*=[^()]*)\)")
_ENTRY = re.compile(r"""^\s*(?:-\s+)?["']?([A-Za-z_]\w*)["']?\s*:(?:\s+|$)(.*?),?\s*$""")
_OPTION = re.compile(r"^--?([A-Za-z_][\w-]*)(?:=(.*))?$", re.DOTALL)
_PAIR = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
YES = ("true", "yes", "1", "on")
NO = ("false", "no", "0", "off")


@dataclass
class Pasted:
    """named: flag → its text; words: what stands alone, as a script's name does."""

    named: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def read(pasted: str, switches: Collection[str] = ()) -> Pasted:
    """Text → flags. switches: names that take no value, or true or false. UserError: quotes that don't close."""
    text = pasted.strip()
    if text.startswith("{"):
        return _read_json(text)
    lines = [line.partition("#") for line in text.splitlines()]
    entries = [line.rstrip() for line, _, _ in lines if line.strip()]
    if entries and all(_ENTRY.match(line) for line in entries):
        comments = _read_command(" ".join(comment for _, _, comment in lines), switches)
        return Pasted({**_read_entries(entries), **comments.named})
    return _read_command(_CALL.sub(_arguments, text.replace("\\\n", " ")), switches)


def command_line(settings: Mapping[str, Value]) -> str:
    """`--name value …`; a switch that is on is its name alone, one that is off is left out."""
    parts = []
    for name, value in settings.items():
        if isinstance(value, bool):
            parts += [f"--{name}"] if value else []
        else:
            parts.append(f"--{name} {shortest(value)}")
    return " ".join(parts)


def equal_signs(settings: Mapping[str, Value]) -> str:
    """`--name=value …`."""
    return " ".join(f"--{name}={shortest(value)}" for name, value in settings.items())


def call(function: str, settings: Mapping[str, Value]) -> str:
    """`function(name=value, …)`."""
    return f"{function}({', '.join(f'{name}={shortest(value)}' for name, value in settings.items())})"


def aside(settings: Mapping[str, Value]) -> str:
    """What is no flag of the trainer but decides its draw, as a comment that `read` understands; "" for nothing."""
    return f"  # {' '.join(f'{name}={shortest(value)}' for name, value in settings.items())}" if settings else ""


def json_object(settings: Mapping[str, Value]) -> str:
    """A JSON object on one line, every number as the program writes it."""
    return json.dumps(dict(settings))


def yaml_lines(settings: Mapping[str, Value]) -> str:
    """`name: value`, a line each."""
    return "\n".join(
        f"{name}: {json.dumps(value) if isinstance(value, bool) else shortest(value)}"
        for name, value in settings.items()
    )


def _read_json(text: str) -> Pasted:
    try:
        content, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as problem:
        raise UserError(f"flags that begin with '{{' must be JSON: {problem.msg} at column {problem.colno}") from None
    pasted = _read_command(text[end:], ())
    _gather(content, pasted)
    return pasted


def _gather(content: Mapping[str, Any], pasted: Pasted) -> None:
    """Entries at any depth, by the last part of their name."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            _gather(value, pasted)
        elif value is not None:
            pasted.named[name.lstrip("-")] = value if isinstance(value, str) else json.dumps(value)


def _read_entries(lines: list[str]) -> dict[str, str]:
    entries = (_ENTRY.match(line) for line in lines)
    texts = {entry[1]: entry[2].strip().strip("\"'") for entry in entries if entry}
    return {name: value for name, value in texts.items() if value.lower() not in ("", "null", "~")}


def _read_command(text: str, switches: Collection[str]) -> Pasted:
    try:
        tokens = shlex.split(text)
    except ValueError as problem:
        raise UserError(f"flags {text!r}: {str(problem).lower()}") from None
    pasted = Pasted()
    while tokens:
        token = tokens.pop(0)
        option = _OPTION.match(token) or _PAIR.match(token)
        if not option:
            pasted.words.append(token)
            continue
        name, value = option[1].replace("-", "_"), option[2]
        if value is None:
            value = tokens.pop(0) if tokens and _is_value(tokens[0], name in switches) else "true"
        pasted.named[name] = value
    return pasted


def _is_value(token: str, switch: bool) -> bool:
    """Whether a token belongs to the option before it: "-0.5" does, "--other" doesn't."""
    if switch:
        return token.lower() in YES + NO
    return not _OPTION.match(token)


def _arguments(call: re.Match[str]) -> str:
    """`f(a=1, b = 2)` → `a=1 b=2`."""
    return re.sub(r"\s*=\s*", "=", re.sub(r",(?=\s|$)", " ", call[1]))
