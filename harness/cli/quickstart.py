"""`snrbench quickstart`: real models, a leaderboard, and how to go on."""

from __future__ import annotations

import importlib
import shlex
import time
from typing import Annotated

import typer

from harness.cli.options import STORE, Store

TRACK = "digits-v1"
SCHEDULES = ["cosine", "laplace", "cosine_scaled:s=2", "edm"]
TARGETS = ["v", "eps", "x0"]
SEEDS = 3


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(quickstart)


def quickstart(
    workers: Annotated[int | None, typer.Option(help="Processes. Default: one a core, fewer on a GPU.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    store: Store = STORE,
) -> None:
    """Train 36 small diffusion models on real digits and rank four schedules; minutes on two cores."""
    from harness.cli.run import Request, benchmark

    started = time.monotonic()
    request = Request(TRACK, SCHEDULES, ["native"], TARGETS, SEEDS)
    code = benchmark(request, store=store, plugins=[], workers=workers, device=device)
    if code == 130:
        raise typer.Exit(code)
    # By name: this room does not import that one.
    importlib.import_module("leaderboards").render_table(store, TRACK)
    where = "" if store == STORE else f" --store {shlex.quote(str(store))}"
    print(f"\n{time.monotonic() - started:.0f} s. Browse it with: snrbench app{where}")
    print(f"Add a schedule of your own: snrbench run {TRACK} -s SPEC --plugin FILE.py{where}")
    raise typer.Exit(code)
