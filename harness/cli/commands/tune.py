"""`snrbench tune`: the parameters of schedules, searched under the track's budget."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli import needed_packages, next_step, splitting
from harness.cli.commands.run import Apply, duration
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
from harness.cli.options import STORE, Json, MetricPlugins, Plugins, Store, TrackPlugins, print_json, print_table
from harness.cli.splitting import Stack

if TYPE_CHECKING:
    from rich.console import Console

    from harness.execution.estimate import Estimate
    from harness.execution.job import Settings
    from harness.results.store import Store as StoreFolder
    from harness.tuning.budget import Budget
    from harness.tuning.studies.study import Study
    from harness.tuning.studies.subject import Subject


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(tune)


def tune(
    track: Annotated[
        str, typer.Argument(help="Track, as `snrbench tracks list` names them.", autocompletion=track_names)
    ],
    spec: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...", help="Schedules, with the parameters to begin with.", autocompletion=schedule_names
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every schedule and preset of the registry.")] = False,
    weighting: Annotated[
        list[str] | None,
        typer.Option("-w", "--weighting", metavar="WEIGHTING", help="Loss weighting, tuned with it; repeatable."),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("-t", "--target", metavar="TARGET", help="Prediction target; repeatable.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Trials of a study, instead of the track's number.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds of a trial, instead of the track's number.")] = None,
    apply: Annotated[
        Apply, typer.Option(help="Draw λ from the schedule, or weight the baseline's draws.")
    ] = Apply.sample,
    workers: Workers = None,
    device: Device = "auto",
    compile: Compile = Wish.auto,
    executor: ExecutorName = "local",
    stack: Stack = "1",
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget these studies and begin anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and its cost, and run nothing.")] = False,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
    metric_plugin: MetricPlugins = None,
) -> None:
    """Search parameters of schedules, and confirm what was found on fresh seeds; a study goes on where it was.

    Every schedule gets the same budget, the track's. Only validation data are seen; `snrbench run -s SPEC@tuned` scores
    what was found. Without -t the target is v.
    """
    needed_packages.check_training()
    request = Request(
        track,
        schedules=list(spec or []),
        every=every,
        weightings=weighting or ["native"],
        targets=target or ["v"],
        apply=apply.value,
        trials=trials,
        seeds=seeds,
        restart=restart,
    )
    from harness.execution.plugins import load
    from harness.tracks.plugins import load_of_store

    load(list(plugin or []), list(track_plugin or []), list(metric_plugin or []))
    settings = settings_of(
        device,
        executor,
        workers,
        time_limit,
        memory_limit,
        list(plugin or []),
        [*(track_plugin or []), *load_of_store(store, track)],
        compile.value,
    )
    settings = replace(settings, stack=splitting.stack_of(stack, executor), metric_plugins=tuple(metric_plugin or ()))
    code = search(request, store, settings, dry_run, json)
    if not (code or dry_run or json):
        subject = {
            "-w": weighting or [],
            "-t": request.targets,
            "--apply": [] if apply == Apply.sample else [apply.value],
        }
        files = {"--plugin": plugin or [], "--track-plugin": track_plugin or [], "--metric-plugin": metric_plugin or []}
        next_step.score_tuned(track, request.schedules, store, {**subject, **files})
    raise typer.Exit(code)


@dataclass(frozen=True)
class Request:
    """What is asked for: a study of every schedule with every weighting, on every target."""

    track: str
    schedules: list[str]
    weightings: list[str]
    targets: list[str]
    apply: Literal["sample", "weight"] = "sample"
    every: bool = False
    trials: int | None = None
    seeds: int | None = None
    restart: bool = False


def search(request: Request, store: Path, settings: Settings, dry_run: bool, json: bool = False) -> int:
    """Plan and work; returns the exit code. UserError for whatever is wrong with the request, before any work."""
    from rich.console import Console

    from harness import tracks
    from harness.execution import executors
    from harness.execution.estimate import estimate
    from harness.results.store import Store
    from harness.tuning import objective
    from harness.tuning.budget import Budget
    from harness.tuning.studies import storage

    objective.check(tracks.get(request.track))
    console, opened = Console(stderr=True, highlight=False), Store(store)
    budget = Budget.of(tracks.get(request.track), request.trials, request.seeds)
    subjects = _subjects(request)
    executors.check(settings, opened, request.track, dry=dry_run)
    storage.check(opened)
    expected = estimate(opened, request.track, settings.device)
    console.print(f"{_counted(len(subjects))}, each {budget}", soft_wrap=True)
    if budget.deviation:
        console.print(f"not the budget of {request.track}: {budget.deviation}; the study says so", soft_wrap=True)
    if dry_run:
        cost = _cost(subjects, budget, expected, settings, opened)
        if json:
            planned = [_subject(subject) for subject in subjects]
            print_json({"track": request.track, "code": 0, "budget": str(budget), "cost": cost, "studies": planned})
            return 0
        for subject in subjects:
            print(subject.name)
        console.print(cost, soft_wrap=True)
        return 0
    return _work(request, subjects, budget, opened, settings, console, expected, json)


def _subjects(request: Request) -> list[Subject]:
    import schedules
    from harness import tracks
    from harness.execution import planner
    from harness.specs import TunedEntry, checked_target
    from harness.tuning.studies.subject import Subject
    from schedules.errors import UserError

    if request.every and request.schedules:
        raise UserError(f"--all is every schedule; it goes with no SPEC, got {request.schedules[0]!r}")
    names = schedules.names() if request.every else request.schedules
    if not names:
        raise UserError("no schedule to tune; name one, as `snrbench schedules list` does, or give --all")
    targets = [checked_target(tracks.get(request.track), target) for target in request.targets]
    subjects = []
    for entry in planner.entries(names, request.weightings, request.apply):
        if isinstance(entry, TunedEntry):
            raise UserError(f"{entry.published.schedule}@tuned is what tuning finds; tune {entry.published.schedule}")
        subjects += [Subject(request.track, target, entry) for target in targets]
    return list(dict.fromkeys(subjects))


def _cost(subjects: list[Subject], budget: Budget, expected: Estimate, settings: Settings, store: StoreFolder) -> str:
    from harness.execution.capacity.worker_count import workers_for

    each = [expected.of(subject.target) for subject in subjects]
    durations = [seconds * budget.most_runs for seconds in each if seconds is not None]
    most = (
        f"{budget.most_runs * len(subjects):,} runs, {budget.most_steps * len(subjects):,} training steps at most; "
        "what is stopped early and what is done already comes off"
    )
    if len(durations) < len(each):
        return f"{most}. What a run takes is not known: {expected.unknown}"
    at_once = workers_for(settings, store, subjects[0].track)
    return (
        f"{most}. {at_once} at a time: at most about {duration(sum(durations) / at_once)}, judging by {expected.source}"
    )


def _work(
    request: Request,
    subjects: list[Subject],
    budget: Budget,
    store: StoreFolder,
    settings: Settings,
    console: Console,
    expected: Estimate,
    json: bool,
) -> int:
    from harness.execution.session import Session
    from harness.execution.stop_signals import Halt
    from harness.results.write import deliver_all
    from harness.tuning.recorded_runs import Record
    from harness.tuning.run_dispatch import Desk
    from harness.tuning.search import search
    from harness.tuning.studies import storage
    from harness.tuning.studies.study import Study

    store.prepare()
    opened, locks = storage.open_storage(store)
    try:
        deliver_all(store, lambda line: console.print(line, markup=False, soft_wrap=True))
        studies = [Study(subject, budget, opened, locks) for subject in subjects]
        for study in studies:
            study.open(request.restart)
        unfinished = [study for study in studies if not (study.searched and study.tuned)]
        if len(unfinished) < len(studies):
            console.print(f"{len(studies) - len(unfinished)} of {_counted(len(studies))} done already")
        if unfinished:
            before = sum(study.runs_told for study in unfinished)
            total = sum(study.budget.most_runs for study in unfinished) - before
            with Session(
                store, settings, console, track=request.track, total=total, expected=expected, before=before
            ) as session:
                try:
                    search(unfinished, Desk(session, Record(store, request.track), session.recorded), session.say)
                except storage.TROUBLE as error:
                    session.halt(storage.ends(error))
            if session.code:
                return _stopped(request, session.code, "", json)
        if json:
            return _report_json(request, studies)
        return _report(studies, console)
    except Halt as halt:
        console.print(str(halt), markup=False, soft_wrap=True)
        return _stopped(request, halt.code, str(halt), json)
    finally:
        locks.close()
        opened.engine.dispose()


def _stopped(request: Request, code: int, why: str, json: bool) -> int:
    if json:
        print_json({"track": request.track, "code": code, "stopped": why})
    return code


def _report_json(request: Request, studies: Iterable[Study]) -> int:
    """The same as `_report`, for programs."""
    reports = [{**_subject(study.subject), **study.tuned} for study in studies]
    code = 0 if all("schedule" in study for study in reports) else 1
    print_json({"track": request.track, "code": code, "studies": reports})
    return code


def _subject(subject: Subject) -> dict[str, str]:
    return {"study": subject.name, "entry": subject.entry.label, "target": subject.target}


def _report(studies: Iterable[Study], console: Console) -> int:
    """What every study found. Returns 1 when no trial of one could be confirmed."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("entry", "target", "trials", "stopped", "failed", "tuned", "confirmed"):
        table.add_column(column, overflow="fold")
    code = 0
    for study in studies:
        tuned = study.tuned
        states = tuned["states"]
        verdict = tuned.get("verdict") or _nothing(study)
        code = code if "schedule" in tuned else 1
        row = (
            study.subject.entry.label,
            study.subject.target,
            str(tuned["trials"]),
            str(states["pruned"]),
            str(states["fail"]),
            _tuned_entry(tuned),
            verdict,
        )
        table.add_row(*map(Text, row))
    print_table(table)
    for line in filter(None, map(_in_trainers, studies)):
        console.print(line, markup=False, soft_wrap=True)
    for study in studies:
        if study.tuned.get("deviates"):
            console.print(f"{study.subject}: {study.tuned['deviates']}", markup=False, soft_wrap=True)
    return code


def _tuned_entry(tuned: dict[str, object]) -> str:
    if "schedule" not in tuned:
        return ""
    scaled = [f"{name} × {tuned[name]:g}" for name in ("learning_rate", "ema") if tuned[name] != 1.0]
    weighting = "" if tuned["weighting"] == "native" else f" + {tuned['weighting']}"
    return f"{tuned['schedule']}{weighting}" + (f", {', '.join(scaled)}" if scaled else "")


def _in_trainers(study: Study) -> str:
    """What was found as trainers' flags, in one line; "" where nothing was found, or no parameter of a schedule."""
    import schedules
    from schedules import trainers

    spec = study.tuned.get("schedule")
    if not spec or not (schedules.parse(spec).params or "|" in spec):
        return ""
    units = trainers.units_line(spec)
    return f"{study.subject}, {spec}: {units}; `snrbench schedules show {shlex.quote(spec)}` has other trainers"


def _nothing(study: Study) -> str:
    reasons = [trial.user_attrs["reason"] for trial in study.trials if "reason" in trial.user_attrs]
    return f"no trial could be confirmed: {reasons[0] if reasons else 'none finished'}"


def _counted(studies: int) -> str:
    return "1 study" if studies == 1 else f"{studies} studies"
