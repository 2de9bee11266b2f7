"""What is wrong with a file, in one line."""

from __future__ import annotations

from pydantic import ValidationError


def first(error: ValidationError) -> str:
    """The first thing that pydantic found: where, and what."""
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    return f"{where}: {found['msg']}" if where else found["msg"]
