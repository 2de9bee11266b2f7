"""What a worker process prints: the last 64 kB are kept, the rest is forgotten."""

from __future__ import annotations

import subprocess
import threading

KEPT = 64 * 1024
LINE = 200


class Output:
    """Reads a process's output as it comes, so that a process which prints a lot never waits for a reader."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        """Read what this process prints, until it ends."""
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def clear(self) -> None:
        """Forget what was printed until now."""
        with self._lock:
            self._text.clear()

    def finish(self) -> None:
        """Wait until the last words of a process that ended are read."""
        if self._reader is not None:
            self._reader.join(1.0)

    def tail(self) -> bytes:
        """The end of what was printed, at most 64 kB."""
        with self._lock:
            return bytes(self._text)

    def last_line(self) -> str:
        """The last line with anything in it."""
        lines = self.tail().decode(errors="replace").split("\n")
        return next((line.strip()[:LINE] for line in reversed(lines) if line.strip()), "")

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as stream:
            while part := stream.read1(KEPT):  # type: ignore[attr-defined]
                with self._lock:
                    self._text += part
                    del self._text[:-KEPT]
