"""The text form of a schedule or weighting: text ↔ a small tree, with the column of a mistake.

    spec      = source { "|" call }                  transforms apply from left to right
    source    = ( "mixture(" part { "," part } ")"  |  call ) [ "@tuned" ]
    part      = spec "@" weight                      weights are positive; they are divided by their sum
    call      = name [ ":" key "=" value { "," key "=" value } ]
    name      = letters, digits and _               or  preset/letters-and-digits
    value     = a number or a word

Blanks around a token mean nothing. The tree holds text and numbers only: whether a name or parameter exists is for the
registries to say. Columns count from 1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from schedules.errors import UserError
from schedules.spaces import Value, text

MAX_LENGTH = 4000
MAX_DEPTH = 8
MIXTURE = "mixture"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z0-9_.-]+)?", re.ASCII)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9_.+-]+", re.ASCII)
_BLANK = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Argument:
    """`key=value`; the columns are where they stood in the text."""

    key: str
    value: Value
    column: int = field(default=0, compare=False)
    value_column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """`name:key=value,…`."""

    name: str
    arguments: tuple[Argument, ...] = ()
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Mixture:
    """`mixture(spec@weight, …)`."""

    parts: tuple[tuple[Spec, float], ...]


@dataclass(frozen=True)
class Spec:
    """A source and the transforms applied to it; `tuned` asks for the parameters that tuning found."""

    source: Call | Mixture
    transforms: tuple[Call, ...] = ()
    tuned: bool = False


class SpecError(UserError):
    """A mistake at a column of a spec."""


def error(source: str, column: int, problem: str) -> SpecError:
    """One line: the spec, the column, the problem."""
    return SpecError(f"spec {source!r}, column {column}: {problem}")


def read(source: str) -> Spec:
    """Text → tree; SpecError names the column."""
    if not isinstance(source, str) or not source.strip():
        raise UserError(f"a spec is a text such as 'laplace:scale=0.5'; got {source!r}")
    if len(source) > MAX_LENGTH:
        raise UserError(f"a spec has at most {MAX_LENGTH} characters; got {len(source)}")
    reader = _Reader(source)
    spec = reader.spec(depth=0)
    reader.end()
    return spec


def write(spec: Spec) -> str:
    """Tree → text: `read(write(spec)) == spec`."""
    source = spec.source
    if isinstance(source, Mixture):
        head = f"mixture({', '.join(f'{write(part)}@{text(weight)}' for part, weight in source.parts)})"
    else:
        head = _write_call(source)
    return "|".join([head + ("@tuned" if spec.tuned else ""), *map(_write_call, spec.transforms)])


def split_tuned(spec: str) -> tuple[str, bool]:
    """A spec without its `@tuned`, and whether it had one. UserError for what is no spec.

    >>> import schedules
    >>> schedules.split_tuned("laplace@tuned|shift:a=3")
    ('laplace|shift:a=3', True)
    """
    tree = read(spec)
    return write(replace(tree, tuned=False)), tree.tuned


def as_tuned(spec: str) -> str:
    """A spec with `@tuned` where it belongs. UserError for what is no spec.

    >>> import schedules
    >>> schedules.as_tuned("laplace|shift:a=3")
    'laplace@tuned|shift:a=3'
    """
    return write(replace(read(spec), tuned=True))


def _write_call(call: Call) -> str:
    arguments = ",".join(f"{argument.key}={text(argument.value)}" for argument in call.arguments)
    return f"{call.name}:{arguments}" if arguments else call.name


class _Reader:
    """Recursive descent over one text; `_at` is the position of the next unread character."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def spec(self, depth: int) -> Spec:
        if depth > MAX_DEPTH:
            raise self._error(f"mixtures are nested more than {MAX_DEPTH} deep")
        call = self._call()
        source: Call | Mixture = call
        tuned = False
        if call.name == MIXTURE and not call.arguments:
            source = self._mixture(depth)
        if self._peek("@") and re.match(r"@[ \t]*tuned\b", self._source[self._at :]):
            self._at += len("@")
            self._take(_KEY, "'tuned'")
            tuned = True
        transforms = []
        while self._skip("|"):
            transforms.append(self._call())
        return Spec(source, tuple(transforms), tuned)

    def end(self) -> None:
        self._blanks()
        if self._at < len(self._source):
            raise self._error(f"unexpected {self._source[self._at]!r}")

    def _mixture(self, depth: int) -> Mixture:
        self._expect("(", "'(' after mixture")
        parts = []
        while True:
            part = self.spec(depth + 1)
            self._expect("@", "'@' and the weight of this part")
            parts.append((part, self._weight()))
            if not self._skip(","):
                break
        self._expect(")", "',' or ')'")
        return Mixture(tuple(parts))

    def _weight(self) -> float:
        word, column = self._take(_VALUE, "a weight")
        weight = _as_value(word)
        if isinstance(weight, str) or not math.isfinite(weight) or weight <= 0:
            raise error(self._source, column, f"a weight is a positive number; got {word!r}")
        return float(weight)

    def _call(self) -> Call:
        name, column = self._take(_NAME, "a name")
        arguments: list[Argument] = []
        if self._skip(":"):
            while True:
                arguments.append(self._argument(arguments))
                if not self._skip(","):
                    break
        return Call(name, tuple(arguments), column)

    def _argument(self, before: list[Argument]) -> Argument:
        key, column = self._take(_KEY, "a parameter's name")
        if any(argument.key == key for argument in before):
            raise error(self._source, column, f"parameter {key!r} is given twice")
        self._expect("=", f"'=' after {key!r}")
        value, value_column = self._take(_VALUE, f"the value of {key!r}")
        return Argument(key, _as_value(value), column, value_column)

    def _take(self, pattern: re.Pattern[str], expected: str) -> tuple[str, int]:
        self._blanks()
        match = pattern.match(self._source, self._at)
        if not match:
            raise self._error(f"expected {expected}")
        column, self._at = self._at + 1, match.end()
        return match.group(), column

    def _expect(self, character: str, expected: str) -> None:
        if not self._skip(character):
            raise self._error(f"expected {expected}")

    def _skip(self, character: str) -> bool:
        if self._peek(character):
            self._at += 1
            return True
        return False

    def _peek(self, character: str) -> bool:
        self._blanks()
        return self._source.startswith(character, self._at)

    def _blanks(self) -> None:
        match = _BLANK.match(self._source, self._at)
        self._at = match.end() if match else self._at

    def _error(self, problem: str) -> SpecError:
        rest = self._source[self._at : self._at + 1]
        if problem.startswith("expected"):
            problem += f", found {rest!r}" if rest else ", found the end"
        return error(self._source, self._at + 1, problem)


def _as_value(word: str) -> Value:
    if "_" in word:  # Python reads 1_0 as 10
        return word
    try:
        return float(word)
    except ValueError:
        return word
