"""Options that several commands share, declared once."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.streams import show

if TYPE_CHECKING:
    from rich.table import Table

    from schedules import Schedule


def _folder(path: str | Path) -> Path:
    """A folder that may not be there yet. An empty text is a variable of the shell that is not set, not this folder."""
    if not str(path):
        raise typer.BadParameter("is ''; expected a folder")
    if Path(path).is_file():
        raise typer.BadParameter(f"is {str(path)!r}, a file; expected a folder")
    return Path(path)


Store = Annotated[
    Path,
    typer.Option(
        "--store", envvar="SNRBENCH_HOME", metavar="DIR", parser=_folder, help="Folder that holds every result."
    ),
]
UNLIMITED = 10_000  # columns
STORE = Path("snrbench-store")

Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="FILE.py|MODULE", help="Load schedules and weightings from here; repeatable."),
]
TrackPlugins = Annotated[
    list[str] | None, typer.Option("--track-plugin", metavar="FILE.py", help="Load tracks from here; repeatable.")
]
MetricPlugins = Annotated[
    list[str] | None, typer.Option("--metric-plugin", metavar="FILE.py", help="Load metrics from here; repeatable.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def with_store(command: str, store: Path) -> str:
    """A command to suggest, with the store named where it is not the default one."""
    return command if store == STORE else f"{command} --store {shlex.quote(str(store))}"


def counted(number: int, what: str) -> str:
    """ "1 run", "2 runs"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def print_table(table: Table) -> None:
    """Print a table: fitted to a terminal; elsewhere as wide as it is, without blanks at the ends of lines."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(width=UNLIMITED, file=io.StringIO(), highlight=False, emoji=False, markup=False)
    wide.print(table)
    print("\n".join(line.rstrip() for line in wide.file.getvalue().splitlines()))  # type: ignore[attr-defined]


def load(plugins: list[str] | None) -> list[str]:
    """Import the named plugins and the installed ones; returns the names as given."""
    import schedules

    schedules.load_entry_points()
    for plugin in plugins or []:
        schedules.load_plugin(plugin)
    return list(plugins or [])


@contextmanager
def blaming(*schedules: Schedule | None) -> Iterator[None]:
    """A density that fails in mid-work is the plugin's mistake, and is named, where it doesn't pass its tests."""
    from schedules import UserError
    from schedules.plugins import conformance
    from schedules.user_code.guarded_calls import FROM_OUTSIDE

    try:
        yield
    except (UserError, *FROM_OUTSIDE):
        raise
    except BaseException:
        for schedule in filter(None, schedules):
            conformance.validate(schedule)
        raise


def load_tracks(files: list[str] | None, store: Path | None = None, name: str = "") -> None:
    """Register the tracks of the named files and of installed packages.

    store, name: a track that is known by neither, but that `recommend` made in this store
    """
    from harness.tracks import plugins

    plugins.load_entry_points()
    for file in files or []:
        plugins.load_plugin(file)
    if store is not None:
        plugins.load_of_store(store, name)


def load_metrics(files: list[str] | None) -> None:
    """Register the metrics of the named files and of installed packages."""
    from harness.metrics import plugins

    plugins.load_entry_points()
    for file in files or []:
        plugins.load_plugin(file)


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

    show(json.dumps(clean(value), indent=2, ensure_ascii=False, allow_nan=False), "json")
