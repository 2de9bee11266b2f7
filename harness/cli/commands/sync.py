"""`snrbench sync`: records results that a server did not take when they were made."""

from __future__ import annotations

import sys

import typer

from harness.cli.options import STORE, Json, Store, counted, print_json


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(sync)


def sync(json: Json = False, store: Store = STORE) -> None:
    """Deliver the results that wait in the store's outbox to MLflow.

    Exit code 1 when some are left or set aside, each named with why.
    """
    from harness.results import write
    from harness.results.delivery import Courier
    from harness.results.store import Store
    from schedules.errors import UserError

    opened = Store(store)
    if not opened.root.is_dir():
        raise UserError(f"no store at {store}")
    folders = write.waiting(opened)
    if not folders:
        if json:
            print_json({"recorded": 0, "left": 0, "set_aside": 0, "code": 0})
        else:
            print("nothing waits to be recorded")
        return
    opened.prepare()
    courier = Courier(opened, lambda line: print(line, file=sys.stderr if json else sys.stdout))
    for folder in folders:
        courier.send(folder)
    undelivered = courier.close()
    recorded, code = len(folders) - undelivered - courier.damaged, 1 if undelivered or courier.damaged else 0
    if json:
        print_json({"recorded": recorded, "left": undelivered, "set_aside": courier.damaged, "code": code})
    else:
        parts = [f"recorded {counted(recorded, 'result')}"]
        parts += [f"{undelivered} left in {opened.outbox}"] if undelivered else []
        parts += [f"{courier.damaged} set aside in {opened.set_aside}"] if courier.damaged else []
        print(", ".join(parts))
    if code:
        raise typer.Exit(1)
