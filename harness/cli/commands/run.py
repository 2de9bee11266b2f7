"""`snrbench run`: schedules × targets × seeds on a track."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli import complaints, needed_packages, next_step, options, splitting
from harness.cli.budget import WHOLE, Budget, BudgetFraction, Steps
from harness.cli.commands import run_report
from harness.cli.completion import schedule_names, track_names
from harness.cli.execution_options import (
    Compile,
    Device,
    ExecutorName,
    MemoryLimit,
    TimeLimit,
    Wish,
    Workers,
    settings_of,
)
from harness.cli.options import STORE, Json, Plugins, Store, TrackPlugins, counted, print_json, with_store
from harness.cli.splitting import MicroBatch, Processes, Stack

if TYPE_CHECKING:
    from rich.console import Console

    from harness.execution.estimate import Estimate
    from harness.execution.job import BatchSplit, Job, Settings
    from harness.execution.planner import Plan
    from harness.results.store import Store as StoreFolder

SEEDS = 3


class Apply(StrEnum):
    """How an entry is applied."""

    sample = "sample"
    weight = "weight"


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(run)


def run(
    track: Annotated[
        str, typer.Argument(help="Track, as `snrbench tracks list` names them.", autocompletion=track_names)
    ],
    schedule: Annotated[
        list[str] | None,
        typer.Option("-s", "--schedule", metavar="SPEC", help="Schedule; repeatable.", autocompletion=schedule_names),
    ] = None,
    weighting: Annotated[
        list[str] | None, typer.Option("-w", "--weighting", metavar="WEIGHTING", help="Loss weighting; repeatable.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "-t",
            "--target",
            metavar="TARGET",
            help="Prediction target; repeatable. Default: those of the track's published board; v where it has none.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds: 0 … N−1.")] = SEEDS,
    first_seed: Annotated[
        int, typer.Option("--first-seed", metavar="F", help="Seeds F … F+N−1 instead, to repeat a board on fresh ones.")
    ] = 0,
    apply: Annotated[
        Apply, typer.Option(help="Draw λ from the schedule, or weight the baseline's draws.")
    ] = Apply.sample,
    workers: Workers = None,
    device: Device = "auto",
    compile: Compile = Wish.auto,
    executor: ExecutorName = "local",
    stack: Stack = "1",
    nproc: Processes = 1,
    micro_batch: MicroBatch = None,
    budget_fraction: BudgetFraction = None,
    steps: Steps = None,
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what the store already holds.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Run again exactly what failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and its cost, and run nothing.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but what went wrong.")] = False,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
    metric_plugin: options.MetricPlugins = None,
) -> None:
    """Train and evaluate schedules on a track; what is already done is skipped.

    Without -s the baseline runs; without -t the targets are those of the track's published board, or v.
    """
    from harness.specs import BASELINE
    from schedules.errors import UserError

    if failed and (schedule or weighting or target or force):
        raise UserError("--failed repeats what failed; it goes with no -s, -w, -t and --force")
    request = Request(
        track,
        schedules=schedule or [BASELINE],
        weightings=weighting or ["native"],
        targets=target or [],
        seeds=seeds,
        first_seed=first_seed,
        apply=apply.value,
        force=force,
        failed=failed,
        budget=Budget(budget_fraction, steps),
    )
    code = benchmark(
        request,
        store=store,
        plugins=list(plugin or []),
        track_plugins=list(track_plugin or []),
        metric_plugins=list(metric_plugin or []),
        workers=workers,
        device=device,
        compile=compile.value,
        executor=executor,
        stack=stack,
        split=splitting.split_of(nproc, micro_batch),
        time_limit=time_limit,
        memory_limit=memory_limit,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )
    if not (code or dry_run or json or quiet):
        files = {"--plugin": plugin or [], "--track-plugin": track_plugin or [], "--metric-plugin": metric_plugin or []}
        targets = request.targets if len(request.targets) == 1 else []
        next_step.show_board(request.budget.track(track)[0], store, {"-t": targets, **files})
    raise typer.Exit(code)


@dataclass(frozen=True)
class Request:
    """What is asked for: every schedule with every weighting, on every target, for every seed; or what failed."""

    track: str
    schedules: list[str]
    weightings: list[str]
    targets: list[str]
    seeds: int
    apply: Literal["sample", "weight"] = "sample"
    force: bool = False
    failed: bool = False
    first_seed: int = 0
    budget: Budget = WHOLE


def benchmark(
    request: Request,
    *,
    store: Path,
    plugins: list[str],
    track_plugins: list[str] | None = None,
    metric_plugins: list[str] | None = None,
    workers: int | None = None,
    device: str = "auto",
    compile: str = "auto",
    executor: str = "local",
    stack: str = "1",
    split: BatchSplit | None = None,
    time_limit: float | None = None,
    memory_limit: float | None = None,
    dry_run: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Plan and execute; returns the exit code. UserError for whatever is wrong with the request, before any work."""
    from rich.console import Console

    from harness import tracks
    from harness.execution import executors, planner
    from harness.execution.estimate import estimate
    from harness.execution.plugins import load
    from harness.execution.stop_signals import StoreFull
    from harness.results.errors import in_one_line, is_full
    from harness.results.store import Store
    from harness.results.write import deliver_all
    from harness.tracks.plugins import load_of_store
    from schedules.errors import UserError

    needed_packages.check_training()
    load(plugins, track_plugins or [], metric_plugins or [])
    track_plugins = [*(track_plugins or []), *load_of_store(store, request.track)]
    settings = settings_of(device, executor, workers, time_limit, memory_limit, plugins, track_plugins, compile)
    stacked, split = splitting.stack_of(stack, executor), split or settings.split
    settings = replace(settings, stack=stacked, split=split, metric_plugins=tuple(metric_plugins or ()))
    console, opened = Console(stderr=True, highlight=False, quiet=quiet), Store(store)
    name, notice = request.budget.track(request.track)
    request = replace(request, track=name)
    splitting.check(settings, tracks.get(request.track))
    if notice:
        console.print(notice, markup=False, soft_wrap=True)
    if request.failed and not opened.exists:
        raise UserError(f"no store at {store}; --failed repeats what failed in one")
    jobs = None if request.failed else _requested(opened, request, with_store("snrbench tune", store))
    check = functools.partial(executors.check, settings, opened, request.track, dry=dry_run)
    empty = not opened.exists
    if empty:
        check()
    if dry_run:
        opened.check()
    else:
        opened.prepare()
        try:
            recovered = deliver_all(opened, lambda line: console.print(line, markup=False, soft_wrap=True))
        except Exception as error:
            if not is_full(error):
                raise
            complaints.say(str(StoreFull(in_one_line(error))))
            if json:
                print_json({"track": request.track, "code": 1, "stopped": in_one_line(error)})
            return 1
        if recovered:
            console.print(f"recorded {counted(recovered, 'finished run')} that an interrupted command had left")
    plan = planner.plan(opened, jobs, request.force) if jobs is not None else planner.failed(opened, request.track)
    if plan.jobs and not empty:
        check()
    _announce(plan, console)
    if not quiet:
        _say_likeness(plan, console)
    expected = estimate(opened, request.track, settings.device)
    cost = _cost(plan, expected, settings, opened) if dry_run and plan.jobs else ""
    if json and (dry_run or not plan.jobs):
        print_json(run_report.as_json(request.track, plan, [], 0, **({"cost": cost} if cost else {})))
        return 0
    if dry_run:
        for job in plan.jobs:
            print(f"{job.spec.key}  {job.spec}")
        if cost:
            console.print(cost, soft_wrap=True)
        return 0
    if not plan.jobs:
        return 0
    return _execute(opened, request.track, plan, settings, console, expected, json)


def _requested(store: StoreFolder, request: Request, tune: str) -> list[Job]:
    from harness import tracks
    from harness.execution import planner
    from harness.tuning.studies import tuned

    entries = planner.entries(request.schedules, request.weightings, request.apply)
    tuned_entry = functools.partial(tuned.best_entry, store, request.track, command=tune)
    return planner.requested(
        request.track,
        entries,
        request.targets or tracks.board_targets(request.track),
        request.seeds,
        tuned_entry,
        request.first_seed,
    )


def _announce(plan: Plan, console: Console) -> None:
    if plan.done:
        verb = "is" if plan.total == 1 else "are"
        console.print(f"{len(plan.done)} of {counted(plan.total, 'run')} {verb} already in the store")
    if not plan.jobs:
        console.print("nothing left to run; --force runs it again" if plan.done else "nothing to run")


def _say_likeness(plan: Plan, console: Console) -> None:
    """A schedule of one's own that is a registered one under another name is told before any time is spent."""
    import schedules
    from schedules.relatives import similarity

    for spec in dict.fromkeys(job.spec.entry.schedule for job in plan.jobs):
        if likeness := similarity.likeness(schedules.parse(spec)):
            console.print(f"note: {spec}: {likeness}", markup=False, soft_wrap=True)


def _cost(plan: Plan, expected: Estimate, settings: Settings, store: StoreFolder) -> str:
    from harness.execution import executors
    from harness.execution.capacity.worker_count import workers_for

    runs = counted(len(plan.jobs), "run")
    each = [expected.of(job.spec.target) for job in plan.jobs]
    durations = [seconds for seconds in each if seconds is not None]
    if len(durations) < len(each):
        return f"{runs}; what they take is not known: {expected.unknown}"
    if not executors.get(settings.executor).here and settings.workers is None:
        return f"{runs}: about {duration(sum(durations))} of one worker's time, judging by {expected.source}"
    at_once = min(workers_for(settings, store, plan.jobs[0].spec.track), len(each))
    return f"{runs}, {at_once} at a time: about {duration(sum(durations) / at_once)}, judging by {expected.source}"


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _execute(
    store: StoreFolder, track: str, plan: Plan, settings: Settings, console: Console, expected: Estimate, json: bool
) -> int:
    from harness.execution.run_plan import Report, run_jobs
    from harness.execution.stop_signals import Halt

    report = Report()
    try:
        run_jobs(store, track, list(plan.jobs), settings, console, expected, report, before=len(plan.done))
    except Halt as halt:
        complaints.say(str(halt))
        if json:
            print_json(run_report.as_json(track, plan, report.runs, halt.code, stopped=str(halt)))
        return halt.code
    if json:
        print_json(run_report.as_json(track, plan, report.runs, report.code, seconds=round(report.seconds, 1)))
    minutes, seconds = divmod(round(report.seconds), 60)
    diverged = f", {report.diverged} diverged" if report.diverged else ""
    console.print(f"{report.finished} finished{diverged} in {minutes} min {seconds} s")
    if report.failed:
        complaints.say(f"{len(report.failed)} failed:", *(f"  {line}" for line in report.failed))
    return report.code
