"""Delivers results to MLflow in the background, so that a slow or absent server never holds up training."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from harness.results.errors import in_one_line, is_full, was_answered
from harness.results.store import Store
from harness.results.write import Damaged, deliver
from schedules.errors import UserError

RETRY_SECONDS = 3.0
CLAIMED_SECONDS = 30.0


class Courier:
    """A thread that delivers result folders, and keeps trying where MLflow does not answer.

    say:     gets lines for the user
    full:    why the disk did not take a result; "" as long as it does
    trouble: the last thing that went wrong and still is
    damaged: how many result folders were set aside, as nothing can be recorded of them
    """

    def __init__(self, store: Store, say: Callable[[str], None]) -> None:
        self.store, self.say = store, say
        self.full = ""
        self.trouble = ""
        self.damaged = 0
        self._sent: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._waiting: deque[Path] = deque()
        self._submitted = self._settled = 0
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
        self._thread.start()

    def send(self, folder: Path) -> None:
        """Deliver this result when it is possible."""
        self._submitted += 1
        self._sent.put(folder)

    def close(self, seconds: float | None = None) -> int:
        """Try once more with what is left; how many results are still in the outbox.

        seconds: how long that may take; None for as long as MLflow takes results
        """
        self._closing = True
        self._sent.put(None)
        self._thread.join(seconds)
        return self._submitted - self._settled

    def _work(self) -> None:
        while True:
            self._take()
            self._round()
            if self.full or (self._closing and self._sent.empty()):
                return

    def _take(self) -> None:
        """Wait for something to do, and take all of it; where MLflow did not take the last ones, not too soon."""
        until = time.monotonic() + RETRY_SECONDS if self._waiting else None
        while True:
            try:
                folder = self._sent.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            if folder is None:
                return
            self._waiting.append(folder)
            if until is None:
                return

    def _round(self) -> None:
        for _ in range(len(self._waiting)):
            folder = self._waiting[0]
            try:
                deliver(self.store, folder, CLAIMED_SECONDS if self._closing else 0.0)
                if folder.exists():  # another command is at it, and may yet fail
                    self._waiting.rotate(-1)
                    continue
            except Damaged as damaged:
                self.say(str(damaged))
                self.damaged += 1
            except Exception as error:  # MLflow raises whatever its HTTP and database libraries do
                if is_full(error):
                    self.full = in_one_line(error)
                    return
                self._note(in_one_line(error))
                if not (was_answered(error) or isinstance(error, UserError)):
                    return
                self._waiting.rotate(-1)
                continue
            self._waiting.popleft()
            self._settled += 1
            if self.trouble and not self._waiting:
                self.say("MLflow takes results again")
                self.trouble = ""

    def _note(self, trouble: str) -> None:
        if not self.trouble:
            self.say(f"MLflow does not take results ({trouble}); they wait in {self.store.outbox}, training goes on")
        self.trouble = trouble
