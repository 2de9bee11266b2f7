"""A line now and then in a file or a CI log, where no bar moves, so that work is told from a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.text import Text

SECONDS = 25.0
"""Between two lines: one is there at least every 30 s, also on a machine that is busy."""
FIRST = 0.6
"""Of these pass before the first line: imports and planning took some already, and print nothing."""


@contextmanager
def heartbeat(console: Console, state: Callable[[], str]) -> Iterator[None]:
    """Print where the work inside the block is, and for how long it has been going on, unless on a terminal.

    state: called in a thread of its own, so it only reads
    """
    if console.quiet or console.file.isatty():
        yield
        return
    began, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        pause = FIRST * SECONDS
        while not ended.wait(pause):
            pause = SECONDS
            minutes, seconds = divmod(round(time.monotonic() - began), 60)
            with suppress(OSError, ValueError):  # what it goes to may be closed
                console.print(Text(f"{state()} · {minutes} min {seconds:02d} s"), soft_wrap=True)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
