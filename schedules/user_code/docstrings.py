"""Docstrings that people are shown, as the help of a command or the formula of a schedule.

Python drops them under `-OO`; then they are read from the source.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any, cast

from schedules.errors import harmless


def docstring(thing: Any) -> str:
    """The docstring of a function or class, without its indentation; "" where it has none."""
    written = inspect.getdoc(thing)
    if written is not None:
        return harmless(written)
    try:
        definition = _parsed(textwrap.dedent(inspect.getsource(thing))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):  # no source, or no definition of its own
        return ""
    if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return harmless(ast.get_docstring(definition) or "")
    return ""


def _parsed(source: str) -> ast.Module:
    """As `ast.parse`, which from Python 3.13 on drops docstrings itself where Python was told to."""
    return cast(ast.Module, compile(source, "<source>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True, optimize=0))
