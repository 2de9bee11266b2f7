"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Store = Annotated[
    Path,
    typer.Option("--store", envvar="SNRBENCH_HOME", help="Folder that holds every result."),
]
STORE = Path("snrbench-store")

Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="FILE.py|MODULE", help="Load schedules and weightings from here; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def load(plugins: list[str] | None) -> list[str]:
    """Import the named plugins and the installed ones; returns the names as given."""
    import schedules

    schedules.load_entry_points()
    for plugin in plugins or []:
        schedules.load_plugin(plugin)
    return list(plugins or [])


def print_json(value: Any) -> None:
    """Print strict JSON: a number that is not finite becomes null."""
    import json
    import math

    def clean(item: Any) -> Any:
        if isinstance(item, float):
            return item if math.isfinite(item) else None
        if isinstance(item, dict):
            return {str(key): clean(inner) for key, inner in item.items()}
        return [clean(inner) for inner in item] if isinstance(item, list | tuple) else item

    print(json.dumps(clean(value), indent=2, ensure_ascii=False, allow_nan=False))
