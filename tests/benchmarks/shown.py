"""A command shown with what it prints, on the screen and in a file, and ended when its time is over."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

GRACE = 60.0
"""Seconds between SIGINT, at which a command keeps what is done, and the end by force."""


@dataclass
class Shown:
    """Starts commands. environment: of every one; folder: where they run"""

    environment: dict[str, str]
    folder: Path

    def run(self, command: list[str], log: Path, seconds: float, label: str = "", stoppable: bool = False) -> bool:
        """Whether it did what it should. Its output is appended to `log`; every line on the screen begins with `label`.

        seconds:   it is interrupted after these, and ended by force `GRACE` later
        stoppable: being interrupted for its time is no failure
        """
        with log.open("a", encoding="utf-8") as file:

            def show(text: str) -> None:
                file.write(f"{text}\n")
                file.flush()
                print(f"{label}{text}", flush=True)

            show(f"$ {shlex.join(command)}")
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C here is passed on once, not sent twice
            )
            overtime = threading.Event()
            timers = [threading.Timer(seconds, self._interrupt, (process, overtime))]
            timers.append(threading.Timer(seconds + GRACE, self._end, (process,)))
            for timer in timers:
                timer.daemon = True
                timer.start()
            try:
                for line in process.stdout or ():
                    show(line.rstrip("\n"))
                code = process.wait()
            except KeyboardInterrupt:
                process.send_signal(signal.SIGINT)
                process.wait(GRACE)
                raise
            finally:
                for timer in timers:
                    timer.cancel()
            if overtime.is_set():
                show(f"interrupted after {seconds:.0f} s, its time; exit code {code}")
                return stoppable and code in (0, 130)
            if code:
                show(f"exit code {code}")
            return code == 0

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        """With all that it started: what is left of that would hold its output open, and the GPU's memory."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    @staticmethod
    def _interrupt(process: subprocess.Popen[str], overtime: threading.Event) -> None:
        overtime.set()
        process.send_signal(signal.SIGINT)
