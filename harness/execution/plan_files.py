"""What commands plan, run and have done: a file for each command in `<store>/plans/`, for whoever wants to look.

`<id>.json` is replaced by a newer one while the command works; `<id>.lock` is held as long as it lives, so that one
that was killed is told from one that is at work. Nothing depends on these files: they may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import socket
import statistics
import sys
import time
from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harness.execution.job import PAUSED
from harness.results.store import Store
from harness.specs import RunSpec

KEPT_SECONDS = {"ended": 86400.0, "interrupted": 30 * 86400.0}
BEAT_SECONDS = 2.0
"""Between two versions of a file."""
SILENT_SECONDS = 60.0
"""Of a command whose lock this user may not try: after that long without a new version it is taken for dead."""
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Planned:
    """A run of a command. label: as people call it."""

    key: str
    label: str
    track: str
    target: str


@dataclass
class Command:
    """What a command plans and how far it is.

    command:  the command line that was typed; typed again, it goes on
    started:  seconds since the epoch
    state:    "running", "ended", or "interrupted" (stopped or killed with runs left)
    code:     its exit code, once it ended by itself
    total:    runs of the request, at most, whoever runs them
    before:   of these, runs that had ended when the command began
    outcomes: run key → outcome, of what has ended since, and of what was asked for and found recorded
    seconds:  run key → how long it took, of what the command itself ran
    expected: seconds of a run, by target, as estimated when the command began
    """

    id: str
    command: str
    host: str
    pid: int
    started: float
    slots: int
    total: int
    state: str
    before: int = 0
    code: int | None = None
    runs: dict[str, Planned] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    expected: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Runs of the request that have ended, however many commands it took."""
        return self.before + len(self.outcomes)

    @property
    def most(self) -> int:
        """Runs of the request; at least those that are known."""
        return max(self.total, self.before + len(self.runs))

    @property
    def left(self) -> list[Planned]:
        """Runs that have not ended, in their order; while the command runs, the first `slots` are being run."""
        return [run for key, run in self.runs.items() if key not in self.outcomes]

    @property
    def running(self) -> list[Planned]:
        """Runs that are being run."""
        return self.left[: self.slots] if self.state == "running" else []

    @property
    def seconds_left(self) -> float | None:
        """About how long it will still take; None when nothing is known of what a run takes."""
        waiting = self.left
        more = self.most - self.before - len(self.runs)
        typical = statistics.median(self.seconds.values()) if self.seconds else None
        each = [typical if typical is not None else self.expected.get(run.target) for run in waiting]
        each += [typical] * more
        return None if None in each else sum(seconds for seconds in each if seconds is not None) / max(1, self.slots)


class Recorder:
    """Writes the file of this command. A disk that does not take it is no reason to stop.

    total:  runs that there will be, where more are planned later
    before: runs of the same request that had ended already
    """

    def __init__(
        self,
        store: Store,
        planned: Iterable[RunSpec],
        slots: int,
        expected: dict[str, float] | None = None,
        total: int | None = None,
        command: str | None = None,
        before: int = 0,
    ) -> None:
        folder = store.root / "plans"
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        runs = {spec.key: _described(spec) for spec in planned}
        self._file, self._store = folder / f"{name}.json", str(store.root)
        self._lock = FileLock(folder / f"{name}.lock")
        self._command = Command(
            id=name,
            command=command_line() if command is None else command,
            host=socket.gethostname(),
            pid=os.getpid(),
            started=time.time(),
            slots=slots,
            total=before + (total if total is not None else len(runs)),
            state="running",
            before=before,
            runs=runs,
            expected=expected or {},
        )
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            tidy(store)
            self._lock.acquire(blocking=False)
        self._news = True
        self.write()

    def planned(self, spec: RunSpec) -> None:
        """Another run, or one more part of a run."""
        self._command.runs.setdefault(spec.key, _described(spec))
        self._news = True

    def ended(self, spec: RunSpec, outcome: str, seconds: float) -> None:
        """A run that ended, or paused."""
        if outcome != PAUSED:
            self._command.outcomes[spec.key] = outcome
            self._command.seconds[spec.key] = round(seconds, 3)
            self._news = True

    def recorded(self, spec: RunSpec, outcome: str) -> None:
        """A run that had ended before: nothing of it is run again."""
        self.planned(spec)
        self._command.outcomes[spec.key] = outcome

    def beat(self) -> None:
        """Say that it lives, and how far it is, where that was not just said."""
        if time.monotonic() - self._last_beat > BEAT_SECONDS:
            self.write()

    def write(self) -> None:
        """Say how far it is."""
        partial = self._file.with_name(f".{self._file.name}.partial")
        with contextlib.suppress(OSError):
            if self._news:
                partial.write_text(json.dumps({"store": self._store, **asdict(self._command)}))
                os.replace(partial, self._file)
            else:
                os.utime(self._file)
        self._last_beat, self._news = time.monotonic(), False

    def close(self, code: int) -> None:
        """The command ends by itself, with this exit code."""
        self._command.code, self._news = code, True
        self.write()
        self._lock.release()


def read(store: Store) -> list[Command]:
    """Every command that left a plan, oldest first. What cannot be read is left out."""
    commands = map(_read, sorted((store.root / "plans").glob("[!.]*.json")))
    return [command for command in commands if command is not None]


def to_show(commands: Iterable[Command], finished: Container[str]) -> list[Command]:
    """What is at work, and what was interrupted with runs left that are not finished since; of one line the newest.

    finished: run keys
    """
    newest: dict[tuple[str, str], Command] = {}
    for command in commands:
        if command.state == "running":
            newest[command.id, command.command] = command
        elif command.state == "interrupted" and any(run.key not in finished for run in command.left):
            newest["", command.command] = command
    at_work = {command.command for command in newest.values() if command.state == "running"}
    return [each for each in newest.values() if each.state == "running" or each.command not in at_work]


def tidy(store: Store) -> None:
    """Remove the plans of commands that ended a day ago, or were interrupted a month ago."""
    for command in read(store):
        if time.time() - command.started > KEPT_SECONDS.get(command.state, float("inf")):
            forget(store, command)


def forget(store: Store, command: Command) -> None:
    """Remove a plan."""
    for suffix in ("json", "jsonl", "lock"):
        (store.root / "plans" / f"{command.id}.{suffix}").unlink(missing_ok=True)


def command_line() -> str:
    """The command line of this process, to be typed again."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _described(spec: RunSpec) -> Planned:
    return Planned(spec.key, str(spec), spec.track, spec.target)


def _read(path: Path) -> Command | None:
    try:
        record = json.loads(path.read_text())
        runs = record.pop("runs")
        planned = [Planned(**run) for run in (runs.values() if isinstance(runs, dict) else runs)]
        store = path.parents[1]
        if record.pop("store", str(store)) != str(store):
            record["command"] = _on_store(record["command"], store)
        record |= {"id": path.stem, "state": "interrupted", "runs": {run.key: run for run in planned}}
        command = Command(**record)
        _add_events(command, path.with_suffix(".jsonl"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if command.code is None:
        command.state = "running" if _lives(path) else "interrupted"
    elif not command.left:
        command.state = "ended"
    return command


def _on_store(command: str, store: Path) -> str:
    """The command line for a store that was moved since; as it was typed it would make a new one at the old place."""
    words = shlex.split(command)
    named = [place for place, word in enumerate(words) if word.partition("=")[0] == "--store"]
    for place in reversed(named):
        del words[place : place + (1 if "=" in words[place] else 2)]
    return shlex.join([*words, "--store", str(store)])


def _add_events(command: Command, path: Path) -> None:
    """What version 0.1 wrote line by line beside a plan that it left as it was."""
    for line in path.read_text().splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):  # the last one may be cut off
            event: dict[str, Any] = json.loads(line)
            if "code" in event:
                command.code = event["code"]
            elif "label" in event:
                command.runs[event["key"]] = Planned(**event)
            elif event["outcome"] != PAUSED:
                command.outcomes[event["key"]] = event["outcome"]
                command.seconds |= {event["key"]: event["seconds"]} if "seconds" in event else {}


def _lives(plan: Path) -> bool:
    """Whether the process that wrote a plan still holds its lock."""
    lock = plan.with_suffix(".lock")
    try:
        if lock.exists():
            # Somebody else who looks holds it for a moment, too.
            with FileLock(lock, timeout=LOOK_SECONDS, poll_interval=LOOK_SECONDS / 5):
                return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a store that may only be read
        return time.time() - plan.stat().st_mtime < SILENT_SECONDS
    return False
