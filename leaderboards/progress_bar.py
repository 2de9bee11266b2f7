"""What is read so far, on standard error: a progress bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reading(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Gives what to call with the number of runs read and of runs in all (None: unknown)."""
    from rich.console import Console

    from harness.heartbeat import heartbeat

    console, counted = Console(stderr=True), ""

    def count(done: int, total: int | None) -> None:
        nonlocal counted
        counted = f": {done:,} of {total:,} runs" if total else f": {done:,} runs"

    if not console.is_terminal:
        with heartbeat(console, lambda: what + counted):
            yield count
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("runs ·"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
