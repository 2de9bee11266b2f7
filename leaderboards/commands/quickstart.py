"""`snrbench quickstart`: real models, a leaderboard, and how to go on."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from harness.cli.options import STORE, Store, with_store
from leaderboards.commands.show import render_table

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
    from harness.cli.commands.run import Request, benchmark

    started = time.monotonic()
    request = Request(TRACK, SCHEDULES, ["native"], TARGETS, SEEDS)
    code = benchmark(request, store=store, plugins=[], workers=workers, device=device)
    if code == 130:
        raise typer.Exit(code)
    render_table(store, TRACK)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"\n{minutes} min {seconds} s. Browse it with: {with_store('snrbench app', store)}")
    own = with_store(f"snrbench run {TRACK} -s SPEC --plugin FILE.py", store)
    print(f"Add a schedule of your own: {own}")
    raise typer.Exit(code)
