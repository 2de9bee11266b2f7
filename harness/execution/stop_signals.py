"""What ends a command before its work is done, and the signals that ask for it."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Halt(Exception):  # noqa: N818 - not an error
    """The command ends here. code: its exit code; the message is one line for the user."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopped(Halt):
    """The user or the system asked for it."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum, "stopped; what is finished is kept. The same command goes on from here")


class StoreFull(Halt):
    """The disk does not take results."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            1, f"results cannot be written: {reason}. Nothing is lost: free some space, and the same command goes on"
        )


class Signals:
    """Notes the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once.

    asked: number of the signal, once one came
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {signum: signal.signal(signum, self._handle) for signum in HANDLED}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.asked is not None:
            # Workers notice that their parent is gone.
            os._exit(128 + signum)
        self.asked = signum
        if signum == signal.SIGHUP:
            # The terminal is gone; what is still said must not fail.
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(nowhere, stream)
