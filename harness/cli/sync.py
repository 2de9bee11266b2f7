"""`snrbench sync`: records results that a server did not take when they were made."""

from __future__ import annotations

import typer

from harness.cli.options import STORE, Store, counted


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(sync)


def sync(store: Store = STORE) -> None:
    """Deliver the results that wait in the store's outbox to MLflow.

    Exit code 1 when some are left or set aside, each named with why.
    """
    from harness.execution.courier import Courier
    from harness.tracking import write
    from harness.tracking.store import Store
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
    left = courier.close()
    parts = [f"recorded {counted(len(found) - left - courier.damaged, 'result')}"]
    parts += [f"{left} left in {opened.outbox}"] if left else []
    parts += [f"{courier.damaged} set aside in {opened.set_aside}"] if courier.damaged else []
    print(", ".join(parts))
    if left or courier.damaged:
        raise typer.Exit(1)
