"""What is wrong with a file, in one line."""

from __future__ import annotations

from pydantic import ValidationError


def first(error: ValidationError) -> str:
    """The first thing that pydantic found: where, and what."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else problem["msg"]
