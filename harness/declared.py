"""What a track is declared in: immutable records, and parts that are named by import path.

A part is imported when it is first called, so that listing tracks imports neither torch nor data.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

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

    def __call__(self, *arguments: Any) -> Any:
        return imported(self.make)(*arguments, **self.options)

    def unchanged(self) -> set[str]:
        """`check` and `prepare`, also where they are given: they are no part of a fingerprint."""
        return {"check", "prepare"}


def imported(path: str) -> Callable[..., Any]:
    """The function that "module:function" names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function
