"""`snrbench run`: schedules × targets × seeds on a track."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import STORE, Plugins, Store, load

if TYPE_CHECKING:
    from rich.console import Console

    from harness.execution.planner import Plan

SEEDS = 3


class Apply(StrEnum):
    """How an entry is applied."""

    sample = "sample"
    weight = "weight"


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(run)


def run(
    track: Annotated[str, typer.Argument(help="Track, as `snrbench tracks list` names them.")],
    schedule: Annotated[
        list[str] | None, typer.Option("-s", "--schedule", metavar="SPEC", help="Schedule; repeatable.")
    ] = None,
    weighting: Annotated[
        list[str] | None, typer.Option("-w", "--weighting", metavar="WEIGHTING", help="Loss weighting; repeatable.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("-t", "--target", metavar="TARGET", help="Prediction target; repeatable.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds 0 … N−1.")] = SEEDS,
    apply: Annotated[Apply, typer.Option(help="Draw λ from the schedule, or weight the baseline's draws.")] = Apply.sample,
    workers: Annotated[int | None, typer.Option(help="Processes. Default: one a core, fewer on a GPU.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Run again what the store already holds.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and run nothing.")] = False,
    store: Store = STORE,
    plugin: Plugins = None,
) -> None:
    """Train and evaluate schedules on a track; what is already done is skipped.

    Without -s the baseline runs; without -t the target is v.
    """
    from harness.specs import BASELINE

    plugins = load(plugin)
    code = benchmark(
        track,
        schedule or [BASELINE],
        weighting or ["native"],
        target or ["v"],
        seeds=seeds,
        apply=apply.value,
        workers=workers,
        device=device,
        force=force,
        dry_run=dry_run,
        store=store,
        plugins=plugins,
    )
    raise typer.Exit(code)


def benchmark(
    track: str,
    schedules: list[str],
    weightings: list[str],
    targets: list[str],
    *,
    seeds: int,
    store: Path,
    plugins: list[str],
    apply: str = "sample",
    workers: int | None = None,
    device: str = "auto",
    force: bool = False,
    dry_run: bool = False,
) -> int:
    """Plan and execute; returns the exit code. UserError for whatever is wrong with the request, before any work."""
    from rich.console import Console

    from harness import tracks
    from harness.execution import planner
    from harness.tracking.store import Store
    from harness.tracking.write import deliver_all
    from schedules.errors import UserError

    tracks.get(track)
    if workers is not None and workers < 1:
        raise UserError(f"workers is {workers}; expected at least 1")
    wanted = planner.requested(track, planner.entries(schedules, weightings, apply), targets, seeds)  # type: ignore[arg-type]
    console, opened = Console(stderr=True), Store(store)
    if not dry_run:
        opened.prepare()
        if recovered := deliver_all(opened):
            console.print(f"recorded {recovered} finished run(s) that an interrupted command had left")
    plan = planner.plan(opened, wanted, force)
    _announce(plan, console)
    if dry_run:
        for spec in plan.runs:
            print(f"{spec.key}  {spec}")
        return 0
    if not plan.runs:
        return 0
    return _execute(plan, opened, console, workers, device, plugins, track)


def _announce(plan: Plan, console: Console) -> None:
    if plan.done:
        console.print(f"{len(plan.done)} of {plan.total} runs are already in the store", highlight=False)
    if not plan.runs:
        console.print("nothing left to run; --force runs it again")


def _execute(
    plan: Plan, store, console: Console, workers: int | None, device: str, plugins: list[str], track: str  # noqa: ANN001
) -> int:
    from harness.device import resolve
    from harness.execution.benchmark import execute
    from harness.execution.local import default_workers

    place = str(resolve(device))
    count = min(workers or default_workers(place), len(plan.runs))
    console.print(f"{len(plan.runs)} runs on {place}, {count} at a time", highlight=False)
    try:
        report = execute(store, plan, workers=count, device=place, plugins=plugins, console=console)
    except KeyboardInterrupt:
        console.print("stopped; what is finished is kept. The same command goes on from here")
        return 130
    minutes, seconds = divmod(round(report.seconds), 60)
    diverged = f", {len(report.diverged)} diverged" if report.diverged else ""
    console.print(f"{report.finished} finished{diverged} in {minutes} min {seconds} s", highlight=False)
    if report.failed:
        console.print(f"{len(report.failed)} failed:", highlight=False)
        for done in report.failed:
            console.print(f"  {done.spec}: {done.reason}", markup=False, highlight=False)
        return 1
    return 0
