"""What commands plan, run and have done: a file for each command in `<store>/plans/`, for whoever wants to look.

`<id>.json` is written once, when the command begins; `<id>.jsonl` gets a line whenever something happens; `<id>.lock`
is held as long as the command lives, so that one that was killed is told from one that is at work. Nothing depends on
these files: they may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import socket
import statistics
import sys
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from harness.results.store import Store
from harness.specs import RunSpec

KEPT_SECONDS = {"ended": 86400.0, "interrupted": 30 * 86400.0}


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
        known = list(self.seconds.values())
        typical = statistics.median(known) if known else None
        each = [typical if typical is not None else self.expected.get(run.target) for run in waiting]
        each += [typical] * more
        return None if None in each else sum(one for one in each if one is not None) / max(1, self.slots)


class Recorder:
    """Writes the files of this command. A disk that does not take them is no reason to stop.

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
        runs = [_described(spec) for spec in planned]
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self._events = folder / f"{name}.jsonl"
        self._lock = FileLock(folder / f"{name}.lock")
        self._known = {run["key"] for run in runs}
        head = {
            "command": command_line() if command is None else command,
            "store": str(store.root),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": time.time(),
            "slots": slots,
            "total": before + (total if total is not None else len(runs)),
            "before": before,
            "expected": expected or {},
            "runs": runs,
        }
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            tidy(store)
            self._lock.acquire(blocking=False)
            partial = folder / f".{name}.partial"
            partial.write_text(json.dumps(head))
            os.replace(partial, folder / f"{name}.json")

    def planned(self, spec: RunSpec) -> None:
        """Another run, or one more part of a run."""
        if spec.key not in self._known:
            self._known.add(spec.key)
            self._say(_described(spec))

    def ended(self, spec: RunSpec, outcome: str, seconds: float) -> None:
        """A run that ended."""
        self._say({"key": spec.key, "outcome": outcome, "seconds": round(seconds, 3)})

    def recorded(self, spec: RunSpec, outcome: str) -> None:
        """A run that had ended before: nothing of it is run again."""
        self.planned(spec)
        self._say({"key": spec.key, "outcome": outcome})

    def close(self, code: int) -> None:
        """The command ends by itself, with this exit code."""
        self._say({"code": code})
        self._lock.release()

    def _say(self, event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError), self._events.open("a") as file:
            file.write(json.dumps(event) + "\n")


def read(store: Store) -> list[Command]:
    """Every command that left a plan, oldest first. What cannot be read is left out."""
    found = (_read(path) for path in sorted((store.root / "plans").glob("[!.]*.json")))
    return [command for command in found if command is not None]


def to_show(commands: Iterable[Command], finished: Container[str]) -> list[Command]:
    """What is at work, and what was interrupted with runs left that are not finished since; of one line the newest.

    finished: run keys
    """
    found: dict[tuple[str, str], Command] = {}
    for command in commands:
        if command.state == "running":
            found[command.id, command.command] = command
        elif command.state == "interrupted" and any(run.key not in finished for run in command.left):
            found["", command.command] = command
    at_work = {command.command for command in found.values() if command.state == "running"}
    return [one for one in found.values() if one.state == "running" or one.command not in at_work]


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


def _described(spec: RunSpec) -> dict[str, str]:
    return {"key": spec.key, "label": str(spec), "track": spec.track, "target": spec.target}


def _read(path: Path) -> Command | None:
    try:
        head = json.loads(path.read_text())
        runs = [Planned(**run) for run in head.pop("runs")]
        store = path.parents[1]
        if head.pop("store", str(store)) != str(store):
            head["command"] = _on_store(head["command"], store)
        command = Command(path.stem, state="interrupted", runs={run.key: run for run in runs}, **head)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if _is_held(path.with_suffix(".lock")):
        command.state = "running"
    for event in _events(path.with_suffix(".jsonl")):
        if "code" in event:
            command.code = event["code"]
        elif "label" in event:
            command.runs[event["key"]] = Planned(**event)
        elif event["outcome"] != "paused":
            command.outcomes[event["key"]] = event["outcome"]
            if "seconds" in event:
                command.seconds[event["key"]] = event["seconds"]
    if command.code is not None and not command.left:
        command.state = "ended"
    return command


def _on_store(command: str, store: Path) -> str:
    """The command line for a store that was moved since; as it was typed it would make a new one at the old place."""
    words = shlex.split(command)
    named = [place for place, word in enumerate(words) if word.partition("=")[0] == "--store"]
    for place in reversed(named):
        del words[place : place + (1 if "=" in words[place] else 2)]
    return shlex.join([*words, "--store", str(store)])


def _events(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text().split("\n")
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):  # the last one may be cut off
            found.append(json.loads(line))
    return found


def _is_held(lock: Path) -> bool:
    """Whether a living process holds the lock. Looked at with a shared one, which a read-only store permits too."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
