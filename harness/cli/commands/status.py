"""`snrbench status`: what a store holds, and what is at work on it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from harness.cli.options import STORE, Json, Store, counted, print_json, with_store

if TYPE_CHECKING:
    from harness.execution.plan_files import Command
    from harness.results.outcomes import Ended

SHOWN = 4  # runs of a command, by name


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(status)


def status(store: Store = STORE, json: Json = False) -> None:
    """Runs of each track by outcome, failures with their reasons, and the commands at work with the time they need.

    A command that was killed is shown as interrupted, with how to go on.
    """
    from harness import tracks
    from harness.execution import plan_files
    from harness.results.outcomes import ended
    from harness.results.store import Store
    from harness.results.write import WHY, set_aside, waiting
    from harness.tracks.plugins import names_of
    from schedules.errors import UserError

    opened = Store(store)
    commands = plan_files.read(opened)
    if not opened.exists and not commands:
        raise UserError(f"no store at {store}; `{with_store('snrbench quickstart', store)}` makes one")
    runs = ended(opened)
    finished = {run.key for run in runs if run.outcome in ("finished", "diverged")}
    shown = plan_files.to_show(commands, finished)
    counts = _counts(runs, shown, [*tracks.names(), *names_of(opened.root)])
    troubled = [run for run in runs if run.outcome in ("failed", "diverged")]
    undelivered, refused = len(waiting(opened)), len(set_aside(opened))
    if json:
        reasons = {name: [f"{run.name}: {run.reason}" for run in troubled if run.experiment == name] for name in counts}
        print_json(
            {
                "tracks": counts,
                "reasons": reasons,
                "commands": [_as_json(command) for command in shown],
                "waiting_to_be_recorded": undelivered,
                "set_aside": refused,
            }
        )
        return
    width = max(16, *map(len, counts))
    for name, of_track in counts.items():
        print(f"{name:{width}} " + (", ".join(f"{count} {state}" for state, count in of_track.items()) or "no runs"))
        for run in troubled:
            if run.experiment == name:
                print(f"{'':{width}} {run.outcome}: {run.name}: {run.reason}")
    for command in shown:
        _print(command)
    if any(run.outcome == "failed" for run in troubled):
        print(f"`{with_store('snrbench run TRACK --failed', store)}` runs again what failed")
    if undelivered:
        print(
            f"{counted(undelivered, 'result')} waiting to be recorded; `{with_store('snrbench sync', store)}` does it"
        )
    if refused:
        print(f"{counted(refused, 'result')} set aside in {opened.set_aside}: {WHY} in each says why")


def _counts(runs: list[Ended], commands: list[Command], track_names: list[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in track_names}
    for run in runs:
        counts.setdefault(run.experiment, Counter())[run.outcome] += 1
    for command in commands:
        if command.state == "running":
            running = {run.key for run in command.running}
            for planned in command.left:
                state = "running" if planned.key in running else "planned"
                counts.setdefault(planned.track, Counter())[state] += 1
    return {name: dict(of_track) for name, of_track in counts.items()}


def _print(command: Command) -> None:
    done = f"{command.done} of {command.most} done"
    if command.state == "interrupted":
        print(f"{'interrupted':16} {command.command}")
        print(f"{'':16} on {command.host}, {done}; the same command goes on from there")
        return
    print(f"{'at work':16} {command.command}")
    seconds_left = command.seconds_left
    print(f"{'':16} on {command.host} (process {command.pid}), {done}{_time(seconds_left)}")
    running = [run.label for run in command.running]
    more = f" and {len(running) - SHOWN} more" if len(running) > SHOWN else ""
    if running:
        print(f"{'':16} now: {', '.join(running[:SHOWN])}{more}")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


def _as_json(command: Command) -> dict[str, Any]:
    return {
        "command": command.command,
        "host": command.host,
        "pid": command.pid,
        "started": command.started,
        "state": command.state,
        "total": command.most,
        "done_before": command.before,
        "done": dict(Counter(command.outcomes.values())),
        "running": [run.label for run in command.running],
        "planned": len(command.left) - len(command.running),
        "seconds_left": command.seconds_left,
    }
