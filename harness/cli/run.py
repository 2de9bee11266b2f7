"""`snrbench run`: schedules × targets × seeds on a track."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.options import STORE, Plugins, Store, load

if TYPE_CHECKING:
    from rich.console import Console

    from harness.execution.planner import Plan
    from harness.tracking.store import Store as StoreFolder

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
    apply: Annotated[
        Apply, typer.Option(help="Draw λ from the schedule, or weight the baseline's draws.")
    ] = Apply.sample,
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

    code = benchmark(
        Request(
            track,
            schedules=schedule or [BASELINE],
            weightings=weighting or ["native"],
            targets=target or ["v"],
            seeds=seeds,
            apply=apply.value,
            force=force,
        ),
        store=store,
        plugins=load(plugin),
        workers=workers,
        device=device,
        dry_run=dry_run,
    )
    raise typer.Exit(code)


@dataclass(frozen=True)
class Request:
    """What is asked for: every schedule with every weighting, on every target, for every seed."""

    track: str
    schedules: list[str]
    weightings: list[str]
    targets: list[str]
    seeds: int
    apply: Literal["sample", "weight"] = "sample"
    force: bool = False


def benchmark(
    request: Request,
    *,
    store: Path,
    plugins: list[str],
    workers: int | None = None,
    device: str = "auto",
    dry_run: bool = False,
) -> int:
    """Plan and execute; returns the exit code. UserError for whatever is wrong with the request, before any work."""
    from rich.console import Console

    from harness.execution import planner
    from harness.tracking.store import Store
    from harness.tracking.write import deliver_all
    from schedules.errors import UserError

    if workers is not None and workers < 1:
        raise UserError(f"workers is {workers}; expected at least 1")
    wanted = planner.requested(
        request.track,
        planner.entries(request.schedules, request.weightings, request.apply),
        request.targets,
        request.seeds,
    )
    console, opened = Console(stderr=True, highlight=False), Store(store)
    if dry_run:
        plan = planner.plan(opened, wanted, request.force)
        _announce(plan, console)
        for spec in plan.runs:
            print(f"{spec.key}  {spec}")
        return 0

    from harness.device import resolve
    from harness.execution.local import default_workers

    place = str(resolve(device))
    opened.prepare()
    if recovered := deliver_all(opened):
        console.print(f"recorded {recovered} finished run(s) that an interrupted command had left")
    plan = planner.plan(opened, wanted, request.force)
    _announce(plan, console)
    if not plan.runs:
        return 0
    count = min(workers or default_workers(place), len(plan.runs))
    console.print(f"{len(plan.runs)} runs on {place}, {count} at a time")
    return _execute(plan, opened, console, count, place, plugins)


def _announce(plan: Plan, console: Console) -> None:
    if plan.done:
        console.print(f"{len(plan.done)} of {plan.total} runs are already in the store")
    if not plan.runs:
        console.print("nothing left to run; --force runs it again")


def _execute(plan: Plan, store: StoreFolder, console: Console, workers: int, device: str, plugins: list[str]) -> int:
    from harness.execution.benchmark import execute

    try:
        report = execute(store, plan, workers=workers, device=device, plugins=plugins, console=console)
    except KeyboardInterrupt:
        console.print("stopped; what is finished is kept. The same command goes on from here")
        return 130
    minutes, seconds = divmod(round(report.seconds), 60)
    diverged = f", {len(report.diverged)} diverged" if report.diverged else ""
    console.print(f"{report.finished} finished{diverged} in {minutes} min {seconds} s")
    if report.failed:
        console.print(f"{len(report.failed)} failed:")
        for done in report.failed:
            console.print(f"  {done.spec}: {done.reason}", markup=False)
        return 1
    return 0
