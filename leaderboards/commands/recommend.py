"""`snrbench recommend`: which schedule to train with on data of one's own."""

from __future__ import annotations

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
ASSUMED_SECONDS = 10.0
"""Of a run, where none was timed yet; only for `--dry-run`."""
FEWEST_FIRST = 10


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(recommend)


def recommend(
    track: Annotated[str | None, typer.Argument(help="Track; or give --images.", autocompletion=track_names)] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="DIR|FILE", help="Folder of images (subfolders: classes), or latents."),
    ] = None,
    target: Annotated[str, typer.Option("-t", "--target", metavar="TARGET", help="Prediction target.")] = "v",
    minutes: Annotated[float, typer.Option(help="What it may take, over all.")] = MINUTES,
    first_seed: Annotated[
        int, typer.Option("--first-seed", metavar="F", help="Begin seeds here, to repeat it on others: 0, or 10 up.")
    ] = 0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Write Markdown and pictures into this folder.")
    ] = None,
    workers: Workers = None,
    device: Device = "auto",
    compile: Compile = Wish.auto,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the minutes buy, and run nothing.")] = False,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
) -> None:
    """Say which noise schedule to train with on your data, as flags to paste; the same command goes on where it was.

    Searches the families that trainers have, under a learning rate and EMA that suit cosine, and compares the best with
    cosine and the trainers' defaults on fresh seeds.
    """
    from schedules.errors import UserError

    started = time.monotonic()
    if (track is None) == (images is None):
        raise UserError(f"recommend takes a track or --images DIR; got {'both' if track else 'neither'}")
    if not minutes > 0:
        raise UserError(f"--minutes is {minutes:g}; expected more than 0")
    if first_seed and not FEWEST_FIRST <= first_seed < 900_000:
        raise UserError(f"--first-seed is {first_seed}; expected 0, or {FEWEST_FIRST} to 899999")
    if report is not None and report.exists() and not report.is_dir():
        raise UserError(f"--report {str(report)!r}: a file; expected a folder")
    request = Request(track, images, target, minutes, first_seed, report, json, dry_run, started)
    from harness.cli.needed_packages import check_training

    check_training()
    from harness import tracks
    from harness.execution.plugins import load
    from harness.specs import checked_target
    from harness.tracks.plugins import load_of_store

    load(list(plugin or []), list(track_plugin or []))
    track_files = [*(track_plugin or []), *load_of_store(store, track or "")]
    if track is not None:
        checked_target(tracks.get(track), target)  # before torch is imported
    settings = settings_of(device, "local", workers, None, None, list(plugin or []), track_files, compile.value)
    raise typer.Exit(_answered(request, store, settings))


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
    written = JournalFile(opened, tracks.get(wanted.track), wanted.target, wanted.minutes, wanted.first_seed)
    journal = written.read()
    standing = tracks.standing(wanted.track)
    if standing.kind == "untrained":  # as its card says; that costs nothing
        journal = journal.model_copy(update={"untrained": standing.why, "complete": True})
    if not journal.complete:
        executors.check(settings, opened, wanted.track, dry=request.dry_run)
    if request.dry_run:
        return _dry_run(request, wanted, opened, settings)
    return _worked(request, wanted, opened, settings, console, sigma, written, journal)


def _dry_run(request: Request, wanted: Wanted, opened: StoreFolder, settings: Settings) -> int:
    from harness import tracks
    from harness.execution.capacity.worker_count import workers_for
    from harness.execution.estimate import estimate
    from leaderboards.recommending.planning import planned
    from schedules.errors import UserError

    expected = estimate(opened, wanted.track, settings.device)
    seconds = expected.of(wanted.target)
    workers = workers_for(settings, opened, wanted.track)
    try:
        plan = planned(wanted.minutes, seconds or ASSUMED_SECONDS, workers, tracks.get(wanted.track).tuning.seeds)
    except UserError as refused:
        if seconds:
            raise
        assumed = f"{ASSUMED_SECONDS:g} s a run are assumed; without --dry-run some steps are timed first"
        raise UserError(f"{refused} ({assumed})") from None
    source = f"judging by {expected.source}" if seconds else "assumed, until a run is timed"
    if request.json:
        print_json({"track": wanted.track, "plan": plan.record(), "seconds": seconds, "source": source})
    else:
        print(f"{wanted.minutes:g} min buy {plan}")
        print(f"{seconds or ASSUMED_SECONDS:.0f} s a run, {source}; {workers} at a time")
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
    from leaderboards.recommending import references, wording
    from leaderboards.recommending.answer import answer_of
    from leaderboards.recommending.report import write
    from leaderboards.recommending.work import Work, affordable, known_seconds

    begun = bool(journal.plan) or journal.complete  # and goes on
    seconds = None if begun else known_seconds(wanted, opened, settings)
    if seconds is not None:
        affordable(wanted, opened, settings, seconds)
    if not journal.complete:
        for line in references.prepared(wanted, journal, settings, timed=begun or seconds is not None):
            console.print(line, markup=False, soft_wrap=True)
        if not begun and seconds is None:
            affordable(wanted, opened, settings, journal.seconds)
        opened.prepare()
        file.write(journal)
        try:
            Work(wanted, opened, settings, console, journal, file, request.started).do()
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
    return 0
