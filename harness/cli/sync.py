"""`snrbench sync`: records results that a server did not take when they were made."""

from __future__ import annotations

import typer

from harness.cli.options import STORE, Store, counted


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(sync)


def sync(store: Store = STORE) -> None:
    """Deliver the results that wait in the store's outbox to MLflow.

    Exit code 1 when some are left, each named with why.
    """
    from harness.results import write
    from harness.results.delivery import Courier
    from harness.results.store import Store
    from schedules.errors import UserError

    opened = Store(store)
    if not opened.root.is_dir():
        raise UserError(f"no store at {store}")
    found = write.waiting(opened)
    if not found:
        print("nothing waits to be recorded")
        return
    opened.prepare()
    courier = Courier(opened, print)
    for folder in found:
        courier.send(folder)
    left = courier.close() + courier.damaged
    print(f"recorded {counted(len(found) - left, 'result')}{f', {left} left in {opened.outbox}' if left else ''}")
    if left:
        raise typer.Exit(1)
