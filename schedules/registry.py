"""A registry of plugins: functions known by name, with their parameters, search space and source.

One class serves schedules, transforms and weightings. A registered function's parameters are the arguments that have
a default; arguments without one are allowed only where they belong to the registry's `context` (the density that a
transform works on, the λ at which a weighting is asked).
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from schedules import grammar, spaces
from schedules.errors import UserError, harmless, unknown
from schedules.grammar import Call
from schedules.spaces import Space, Value
from schedules.user_code import python_file
from schedules.user_code.docstrings import docstring
from schedules.user_code.source_files import PUBLISHED

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Function = TypeVar("Function", bound=Callable[..., Any])
NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

_origin: ContextVar[str] = ContextVar("origin", default="python")


@contextmanager
def registering(origin: str) -> Iterator[None]:
    """What is registered inside comes from `origin`, for people to read: "builtin", "plugin my.py", "entry point x"."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


@dataclass(frozen=True)
class Info:
    """What is known of a registered name.

    params: defaults, in the order of the function's signature
    ranges: where each parameter may lie, as the plugin wrote it
    given:  parameters that are given and never searched, such as a convention of units
    origin: where it came from ("builtin", "preset", "plugin FILE", "entry point NAME")
    spec:   for a preset, the spec that it stands for; else empty

        >>> import schedules
        >>> laplace = schedules.info("laplace")
        >>> laplace.params, laplace.paper
        ({'loc': 0.0, 'scale': 0.5}, 'arXiv:2407.03297')
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    params: Mapping[str, Value]
    ranges: Space = field(repr=False)
    paper: str = ""
    origin: str = "python"
    context: tuple[str, ...] = ()
    spec: str = ""
    doc: str = field(default="", repr=False)
    given: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """First line of the documentation."""
        return self.doc.partition("\n")[0].strip()

    @functools.cached_property
    def domain(self) -> dict[str, BaseDistribution]:
        """Optuna's distribution of each parameter: where it is valid."""
        return {key: spaces.to_optuna(distribution) for key, distribution in self.ranges.items()}

    @property
    def space(self) -> dict[str, BaseDistribution]:
        """Optuna's distribution of each parameter that tuning searches: all but those that are given."""
        return {key: distribution for key, distribution in self.domain.items() if key not in self.given}

    @functools.cached_property
    def source_hash(self) -> str:
        """SHA-256 of the file that defines the function (of the function's own text where there is no file)."""
        if (published := PUBLISHED.get(getattr(self.function, "__module__", ""))) is not None:
            return published
        try:
            file = inspect.getsourcefile(self.function)
            content = python_file.content(file) if file else b""
        except (OSError, TypeError):
            content = b""
        if not content:
            code = getattr(self.function, "__code__", None)
            content = code.co_code if code else repr(self.function).encode()
        return hashlib.sha256(content).hexdigest()


class Registry:
    """Names → `Info`. The modules of the package `builtins` are imported when a name is first looked up."""

    def __init__(self, kind: str, builtins: str, context: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self._builtins: str | None = builtins
        self._context = context
        self._entries: dict[str, Info] = {}
        self.changes = 0  # what was computed from a name holds as long as this stays

    def register(
        self, name: str, *, space: Space | None = None, given: Space | None = None, paper: str = ""
    ) -> Callable[[Function], Function]:
        """Decorator that registers a function; UserError for a name or parameters that can't be.

        space: parameter → where it may lie, and where tuning searches
        given: parameter → where it may lie, for one that is given and never searched: a convention (the σ_d that σ
               refers to), a discretisation (steps of a table), or one of two that set the same thing
        paper: where it is from, as "arXiv:2407.03297"

            >>> from optuna.distributions import FloatDistribution as Float
            >>> from scipy import stats
            >>> import schedules
            >>> @schedules.register("example", space={"scale": Float(0.1, 3, log=True)})
            ... def example(scale: float = 2.0):
            ...     return stats.norm(0, scale)
            >>> schedules.create("example").pdf(0.0).round(4).item()
            0.1995
        """

        if callable(name):
            raise UserError(
                f'@register of {getattr(name, "__name__", "a function")!r} has no name; write @register("…")'
            )

        def decorate(function: Function) -> Function:
            self.load_builtins()
            if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > 64:
                raise UserError(
                    f"{self.kind} name {name!r}: expected small ASCII letters, digits and _, a letter first, 64 at most"
                )
            if name == grammar.MIXTURE:
                raise UserError(f"{self.kind} name {name!r} is a word of the grammar; choose another name")
            if name in self._entries:
                raise UserError(
                    f"{self.kind} {name!r} is registered already ({self._entries[name].origin}); choose another name"
                )
            for word, ranges in (("space", space), ("given", given)):
                if not isinstance(ranges, Mapping | None):
                    raise UserError(
                        f"{self.kind} {name!r}: its {word} is {ranges!r}; expected a dict, parameter → distribution"
                    )
            if twice := sorted({*(space or {})} & {*(given or {})}):
                raise UserError(f"{self.kind} {name!r}: {twice[0]!r} is both searched (space) and given; choose one")
            if not isinstance(paper, str):
                raise UserError(f"{self.kind} {name!r}: paper is {paper!r}; expected a text")
            ranges = {**(space or {}), **(given or {})}
            self._entries[name] = self._describe(name, function, ranges, tuple(given or ()), paper)
            self.changes += 1
            return function

        return decorate

    def names(self) -> list[str]:
        """All registered names, sorted."""
        self.load_builtins()
        return sorted(self._entries)

    def info(self, name: str) -> Info:
        """What is known of a name; UserError offers the nearest ones."""
        self.load_builtins()
        if name not in self._entries:
            raise unknown(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: str) -> bool:
        self.load_builtins()
        return name in self._entries

    def remove(self, name: str) -> None:
        """Forget a name: what a plugin that failed half-way leaves behind."""
        self._entries.pop(name, None)
        self.changes += 1

    def bind(self, name: str, given: Mapping[str, Any]) -> dict[str, Value]:
        """All parameters in signature order, the given ones converted; UserError names what doesn't fit."""
        info = self.info(name)
        for key in given:
            self.check_parameter(name, key)
        return {
            key: self.convert(name, key, given[key]) if key in given else default
            for key, default in info.params.items()
        }

    def bind_call(self, call: Call, source: str) -> dict[str, Value]:
        """As `bind`, for a call in the text of a spec: a mistake is reported at its column."""
        try:
            column = call.column
            self.info(call.name)
            for argument in call.arguments:
                column = argument.column
                self.check_parameter(call.name, argument.key)
                column = argument.value_column
                self.convert(call.name, argument.key, argument.value)
        except UserError as problem:
            raise grammar.error(source, column, str(problem)) from None
        return self.bind(call.name, {argument.key: argument.value for argument in call.arguments})

    def check_parameter(self, name: str, key: str) -> None:
        """UserError if `name` has no parameter `key`."""
        info = self.info(name)
        if not info.params:
            raise UserError(f"{self.kind} {name!r} has no parameters; got {key!r}")
        if key not in info.params:
            raise unknown(f"parameter of {self.kind} {name}", key, info.params)

    def convert(self, name: str, key: str, value: Any) -> Value:
        """A parameter's value in its own type; UserError if it lies outside the space."""
        info = self.info(name)
        try:
            return spaces.convert(value, info.ranges[key])
        except UserError as error:
            raise UserError(f"{self.kind} {name!r}: parameter {key}={value} is out of its space; {error}") from None

    def load_builtins(self) -> None:
        """Import the modules of the builtin package, once."""
        package, self._builtins = self._builtins, None
        if package:
            with registering("builtin"):
                for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                    importlib.import_module(f"{package}.{module.name}")

    def _describe(
        self, name: str, function: Callable[..., Any], space: Space, given: tuple[str, ...], paper: str
    ) -> Info:
        label = f"{self.kind} {name!r}"
        params: dict[str, Value] = {}
        context = []
        for key, parameter in inspect.signature(function).parameters.items():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise UserError(f"{label}: parameter {key!r} must be a plain named parameter")
            if parameter.default is not parameter.empty:
                if not NAME.fullmatch(key) and not key.isascii():
                    raise UserError(f"{label}: parameter name {key!r} is not ASCII")
                params[key] = parameter.default
            elif key in self._context:
                context.append(key)
            else:
                raise UserError(f"{label}: parameter {key!r} has no default")
        for key in space:
            if key not in params:
                raise UserError(
                    f"{label}: its space names {key!r}, which is no parameter; it has: {', '.join(params) or 'none'}"
                )
            if not spaces.is_space(space[key]):
                raise UserError(f"{label}: the space of {key!r} is no distribution of Optuna's; got {space[key]!r}")
            if not spaces.is_bounded(space[key]):
                raise UserError(f"{label}: the space of {key!r} is {spaces.describe(space[key])}; expected finite ends")
        for key, default in params.items():
            if key not in space:
                raise UserError(
                    f"{label}: parameter {key!r} has no search space; say where it may lie, "
                    f"as in space={{{key!r}: {spaces.example(default)}}}"
                )
            if default is not None:
                try:
                    params[key] = spaces.convert(default, space[key])
                except UserError as error:
                    raise UserError(f"{label}: default {key}={default} is out of its space; {error}") from None
        return Info(
            name=name,
            function=function,
            params=params,
            ranges=space,
            given=given,
            paper=harmless(paper),
            origin=_origin.get(),
            context=tuple(context),
            doc=docstring(function),
        )
