"""What a track is declared in: immutable records, and parts that are named by import path.

A part is imported when it is first called, so that listing tracks imports neither torch nor data.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from harness import option_types
from schedules.errors import UserError
from schedules.user_code.guarded_calls import foreign

ADDED = "added after the first tracks"


class Declared(BaseModel):
    """Base of every part of a track: immutable, and a misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def unchanged(self) -> set[str]:
        """Names of the fields that came later and are at their defaults."""
        return {
            name
            for name, field in type(self).model_fields.items()
            if isinstance(field.json_schema_extra, dict)
            and ADDED in field.json_schema_extra
            and getattr(self, name) == field.default
        }


def added(default: Any, description: str) -> Any:
    """A field that came after the first tracks were frozen: at its default it is no part of a fingerprint."""
    return Field(default, description=description, json_schema_extra={ADDED: True})


class Part(Declared):
    """Something built by a function: `make` is "module:function", `options` its keyword arguments.

    check:   a function of the same options that raises UserError where what `make` needs is not there
    prepare: one that makes what `make` reads out of a folder of images; see `harness.data.preparation.prepare`

    Neither says what a run's result is, so neither is part of a fingerprint.
    """

    make: str
    options: dict[str, Any] = {}
    check: str = added("", "function that says what is missing, before any run")
    prepare: str = added("", "function that makes the data, for `snrbench tracks prepare`")

    @field_validator("options")
    @classmethod
    def _can_be_written(cls, options: dict[str, Any]) -> dict[str, Any]:
        """They are part of a fingerprint."""
        for name, value in options.items():
            try:
                TypeAdapter(Any).dump_json(value)
            except ValueError as problem:
                expected = "expected what JSON holds"
                raise ValueError(
                    f"option {name!r} is {value!r}, of type {type(value).__name__}; {expected}"
                ) from problem
        return options

    def __call__(self, *arguments: Any) -> Any:
        return imported(self.make)(*arguments, **self.options)

    def check_options(self, positional: int) -> None:
        """UserError for an option that `make` does not take, one of another type than it says, or one that is missing.

        positional: how many arguments `make` is called with before the options
        """
        make = imported(self.make)
        try:
            parameters = list(inspect.signature(make).parameters.values())
        except ValueError:  # of some functions written in C
            return
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        kinds = [parameter.kind for parameter in parameters]
        in_order = sum(
            kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds
        )
        if in_order < positional and inspect.Parameter.VAR_POSITIONAL not in kinds:
            raise UserError(f"{self.make} takes {in_order} arguments before its options; expected {positional}")
        by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        options = {parameter.name: parameter for parameter in parameters[positional:] if parameter.kind in by_name}
        takes = f"{self.make} takes {', '.join(options) or 'none'}"
        for name, value in self.options.items():
            if name not in options and not open_ended:  # else it looks at them itself
                raise UserError(f"unknown option {name!r}, which is {value!r}; {takes}")
            if name in options and not option_types.fits(make, options[name], value):
                expected = inspect.formatannotation(options[name].annotation).strip("'")
                raise UserError(f"option {name!r} of {self.make} is {value!r}; expected {expected}")
        for name, parameter in options.items():
            if name not in self.options and parameter.default is parameter.empty:
                raise UserError(f"option {name!r} is missing; {takes}")

    def unchanged(self) -> set[str]:
        """`check` and `prepare`, also where they are given: they are no part of a fingerprint."""
        return {"check", "prepare"}


def imported(path: str) -> Callable[..., Any]:
    """The function that "module:function" names. UserError where there is none."""
    module, _, name = path.partition(":")
    try:
        with foreign():
            function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as problem:
        if not f"{module}.".startswith(f"{problem.name}."):
            raise  # a package that the module needs
        raise UserError(f"no module {problem.name!r} for {path!r}; expected module:function") from problem
    except (AttributeError, ValueError) as problem:
        raise UserError(f"no function {path!r}; expected module:function") from problem
    if not callable(function):
        raise UserError(f"{path!r} is no function; expected module:function")
    return function
