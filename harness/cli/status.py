"""`snrbench status`: what a store holds."""

from __future__ import annotations

from collections import Counter

import typer

from harness.cli.options import STORE, Json, Store, print_json


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(status)


def status(store: Store = STORE, json: Json = False) -> None:
    """Runs of each track by outcome, and failures with their reasons."""
    from harness import tracks
    from harness.tracking.read import search
    from harness.tracking.store import Store
    from schedules.errors import UserError

    opened = Store(store)
    if not opened.exists:
        raise UserError(f"no store at {store}; `snrbench quickstart` makes one")
    waiting = sum(1 for folder in opened.outbox.glob("*") if (folder / "run.json").exists())
    report: dict[str, dict[str, int]] = {}
    reasons: dict[str, list[str]] = {}
    for track in tracks.names():
        runs = list(search(opened, track))
        counts = Counter(run.data.tags.get("snrbench.outcome", run.info.status.lower()) for run in runs)
        troubled = [run for run in runs if run.data.tags.get("snrbench.outcome") in ("failed", "diverged")]
        reasons[track] = [f"{run.info.run_name}: {run.data.tags.get('snrbench.reason', '')}" for run in troubled]
        report[track] = dict(counts)
    if json:
        print_json({"tracks": report, "reasons": reasons, "waiting_to_be_recorded": waiting})
        return
    for track, found in report.items():
        print(f"{track:12} " + (", ".join(f"{count} {outcome}" for outcome, count in found.items()) or "no runs"))
        for reason in reasons[track]:
            print(f"{'':12} {reason}")
    if waiting:
        print(f"{waiting} finished run(s) wait to be recorded; the next `snrbench run` does it")
