"""`snrbench recommend`: which schedule to train with on data of one's own."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import track_names
from harness.cli.execution_options import Compile, Device, Wish, Workers, settings_of
from harness.cli.options import STORE, Json, Plugins, Store, TrackPlugins, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from harness.execution.job import Settings
    from harness.results.store import Store as StoreFolder
    from leaderboards.recommending.journal import Journal, JournalFile
    from leaderboards.recommending.work import Wanted

MINUTES = 30.0
FEWEST_FIRST = 10


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(recommend)


def recommend(
    track: Annotated[
        str | None,
        typer.Argument(metavar="TRACK|DIR", help="Track, or images as by --images.", autocompletion=track_names),
    ] = None,
    images: Annotated[
        str | None,  # as Path, "" would be the working directory
        typer.Option(
            "--images", metavar="DIR|FILE", path_type=str, help="Folder of images (subfolders: classes), or latents."
        ),
    ] = None,
    target: Annotated[str, typer.Option("-t", "--target", metavar="TARGET", help="Prediction target.")] = "v",
    minutes: Annotated[float, typer.Option(help="What it may take, from the first command to the answer.")] = MINUTES,
    first_seed: Annotated[
        int, typer.Option("--first-seed", metavar="F", help="Begin seeds here, to repeat it on others: 0, or 10 up.")
    ] = 0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write Markdown and pictures into this folder.")
    ] = None,
    workers: Workers = None,
    device: Device = "auto",
    compile: Compile = Wish.auto,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the minutes buy, and train nothing.")] = False,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
) -> None:
    """Say which noise schedule to train with on your data, as flags to paste.

    Searches the families that trainers have, under a learning rate and EMA that suit cosine, and compares the best with
    cosine and the trainers' defaults on fresh seeds.

    The minutes are all of its wall time. What cannot fit is refused at once, with the minutes that it takes; --dry-run
    says the same beforehand. The same command, stopped and repeated, goes on where it was with the minutes that are
    left; finished, it prints its answer again. With more --minutes it searches more, and takes over what was run.
    """
    from schedules.errors import UserError, unknown

    started = time.monotonic()
    if (track is None) == (images is None):
        raise UserError(f"recommend takes a track or --images DIR; got {'both' if track else 'neither'}")
    if not minutes > 0:
        raise UserError(f"--minutes is {minutes:g}; expected more than 0")
    if first_seed and not FEWEST_FIRST <= first_seed < 900_000:
        raise UserError(f"--first-seed is {first_seed}; expected 0, or {FEWEST_FIRST} to 899999")
    for name, place_given in (("TRACK|DIR", track), ("--images", images)):
        if place_given == "":
            raise UserError(f"{name} is empty; expected a folder of images, or a file of latents")
    if report is not None:
        _check_report(report)
    from harness.cli.needed_packages import check_training

    check_training()
    from harness import tracks
    from harness.execution.plugins import load
    from harness.specs import checked_target
    from harness.tracks.plugins import load_of_store, names_of
    from harness.tracks.track import Track
    from schedules.weightings.targets import TARGETS

    load(list(plugin or []), list(track_plugin or []))
    track_files = [*(track_plugin or []), *load_of_store(store, track or "")]
    place = None if images is None else Path(images)
    if track is not None and track not in tracks.names() and Path(track).exists():
        place, track = Path(track), None
    request = Request(track, place, target, minutes, first_seed, report, json, dry_run, started)
    if track is not None:
        checked_target(tracks.get(track), target)  # before torch is imported
    elif target not in (targets := TARGETS if names_of(store) else Track.model_fields["targets"].default):
        raise unknown("target", target, targets)  # before images are read; an own track that was edited may have any
    settings = settings_of(device, "local", workers, None, None, list(plugin or []), track_files, compile.value)
    raise typer.Exit(_answered(request, store, settings))


def _check_report(folder: Path) -> None:
    """UserError for a folder that could not be written into when the minutes are over."""
    from schedules.errors import UserError

    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        raise UserError(f"--report {str(folder)!r}: {str(there)!r} is a file; expected a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"--report {str(folder)!r}: {str(there)!r} cannot be written to")


@dataclass(frozen=True)
class Request:
    """What a user typed."""

    track: str | None
    images: Path | None
    target: str
    minutes: float
    first_seed: int
    report: Path | None
    json: bool
    dry_run: bool
    started: float


def _answered(request: Request, place: Path, settings: Settings) -> int:
    from rich.console import Console

    from harness import tracks
    from harness.execution import executors
    from harness.results.store import Store
    from harness.specs import checked_target
    from harness.tracks.plugins import folder_of
    from leaderboards.recommending import work
    from leaderboards.recommending.journal import JournalFile
    from leaderboards.recommending.own_data import looked_at
    from leaderboards.recommending.own_track import track_of

    console, opened = Console(stderr=True, highlight=False), Store(place)
    name, sigma = request.track, None
    if request.images is not None:
        data = looked_at(request.images)
        sigma = data.sigma
        name, file = track_of(data, folder_of(opened.root))
        settings = replace(settings, track_plugins=(*settings.track_plugins, str(file)))
        console.print(f"{data}", markup=False, soft_wrap=True)
        for remark in data.remarks:
            console.print(remark, markup=False, soft_wrap=True)
        console.print(f"track {name}, {tracks.get(name).summary}: {file}", markup=False, soft_wrap=True)
    wanted = work.Wanted(
        str(name), checked_target(tracks.get(str(name)), request.target), request.minutes, request.first_seed
    )
    work.check(wanted.track)
    journal_file = JournalFile(opened, tracks.get(wanted.track), wanted.target, wanted.minutes, wanted.first_seed)
    journal = journal_file.read()
    standing = tracks.standing(wanted.track)
    if standing.kind == "untrained":  # as its card says; that costs nothing
        journal = journal.model_copy(update={"untrained": standing.why, "complete": True})
    if not journal.complete:
        executors.check(settings, opened, wanted.track, dry=request.dry_run)
    if request.dry_run:
        return _dry_run(request, wanted, opened, settings)
    return _worked(request, wanted, opened, settings, console, sigma, journal_file, journal)


def _dry_run(request: Request, wanted: Wanted, opened: StoreFolder, settings: Settings) -> int:
    from leaderboards.recommending.forecast import forecast

    expected = forecast(wanted.track, wanted.target, opened, settings)
    plan = expected.plan(wanted.minutes)
    if request.json:
        print_json({"track": wanted.track, "plan": plan.record(), **expected.record()})
    else:
        print("\n".join(expected.lines(wanted.minutes)))
    return 0


def _worked(
    request: Request,
    wanted: Wanted,
    opened: StoreFolder,
    settings: Settings,
    console: Console,
    sigma: float | None,
    file: JournalFile,
    journal: Journal,
) -> int:
    from harness.execution.stop_signals import Halt
    from leaderboards.boards.query import runs_table
    from leaderboards.recommending import wording
    from leaderboards.recommending.answer import TOO_EARLY, answer_of
    from leaderboards.recommending.forecast import forecast
    from leaderboards.recommending.report import write

    try:
        _work(request, wanted, opened, settings, console, journal, file)
    except Halt as halt:
        console.print(str(halt), markup=False, soft_wrap=True)
        if request.json:
            print_json({"track": wanted.track, "code": halt.code, "stopped": str(halt)})
        return halt.code
    table = runs_table(opened.root, wanted.track) if opened.exists else None
    answer = answer_of(table, wanted.track, wanted.target, journal, wanted.first_seed, sigma)
    if request.report is not None:
        write(answer, request.report)
    if request.json:
        print_json(answer.record())
    else:
        print("\n".join(wording.lines(answer)))
    if answer.verdict != TOO_EARLY:
        return 0
    needed = forecast(wanted.track, wanted.target, opened, settings).least_minutes
    more = f"--minutes {max(needed, round(wanted.minutes) + 1)} goes on with what was run"
    console.print(f"the {wanted.minutes:g} min are used up: {more}", markup=False, soft_wrap=True)
    return 1


def _work(
    request: Request,
    wanted: Wanted,
    opened: StoreFolder,
    settings: Settings,
    console: Console,
    journal: Journal,
    file: JournalFile,
) -> None:
    """Do what is left, in the minutes that are left. UserError where they cannot be enough; Halt: stopped."""
    from harness.heartbeat import heartbeat
    from leaderboards.recommending import forecast
    from leaderboards.recommending.allowance import Allowance
    from leaderboards.recommending.references import prepared
    from leaderboards.recommending.work import Work

    allowance = Allowance(wanted.minutes, journal.minutes, request.started)
    if journal.complete or (journal.plan and allowance.is_over):
        return
    expected = forecast.forecast(wanted.track, wanted.target, opened, settings)
    if journal.plan:
        told = [f"{journal.minutes:.1f} of {wanted.minutes:g} min were spent before; it goes on with the rest"]
    else:
        told = expected.lines(wanted.minutes)
        journal.plan = expected.plan(wanted.minutes).record()
    for line in told:
        console.print(line, markup=False, soft_wrap=True)
    opened.prepare()
    try:
        with heartbeat(console, lambda: "preparing the data and what is trained once"):
            lines = prepared(wanted.track, journal, settings)
    finally:
        journal.minutes = round(allowance.spent, 2)
        file.write(journal)
    forecast.trained(wanted.track, wanted.target, opened, settings)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    Work(wanted, opened, settings, console, journal, file, allowance, expected.seconds).do()
