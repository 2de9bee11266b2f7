"""Whether the options of a track's part are of the types that its function says it takes."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

JSON: TypeAdapter[Any] = TypeAdapter(Any, config=ConfigDict(ser_json_inf_nan="constants"))


def fits(make: Callable[..., Any], parameter: inspect.Parameter, value: Any) -> bool:
    """Whether a value is of the parameter's type, or nothing is said of that.

    As JSON is taken: a list for a tuple, an integer for a float; neither 64.0 nor "64" nor true for an int.
    """
    is_default = type(value) is type(parameter.default) and value == parameter.default
    if parameter.annotation is parameter.empty or is_default:
        return True
    try:
        declared: TypeAdapter[Any] = TypeAdapter(_resolved(make, parameter.annotation))
    except (PydanticUserError, NameError, AttributeError, LookupError, TypeError, SyntaxError):
        return True  # a name that only type checkers know, or a type that pydantic does not
    try:
        declared.validate_json(JSON.dump_json(value), strict=True)
    except ValidationError:
        return False
    return True


def _resolved(make: Callable[..., Any], annotation: Any) -> Any:
    """The type that an annotation stands for, which may be text."""
    names = vars(sys.modules[make.__module__])
    return typing.get_type_hints(SimpleNamespace(__annotations__={"option": annotation}), names)["option"]
