"""`snrbench schedules`: look at, test and compare noise schedules and loss weightings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.commands import schedule_flags
from harness.cli.commands.tuned_specs import OfTarget, OfTrack, is_tuned, resolved
from harness.cli.completion import schedule_names
from harness.cli.options import (
    STORE,
    Force,
    Json,
    Plugins,
    Store,
    blaming,
    load,
    print_json,
    print_table,
)
from harness.cli.output_file import refuse_to_replace

if TYPE_CHECKING:
    from rich.console import Console

    from schedules import Info, Schedule
    from schedules.weightings import Weighting

Spec = Annotated[
    str,
    typer.Argument(
        metavar="NAME|SPEC",
        help="e.g. laplace or 'laplace:scale=0.7|shift:a=3'",
        autocompletion=schedule_names,
    ),
]

MUCH_OUTSIDE = 0.01
LIKENESS = ("stands for", "same density as", "nearly the density of", "same objective as")

cli = typer.Typer(no_args_is_help=True, help="Look at, test and compare noise schedules.")
schedule_flags.add_to(cli)


def add_to(parent: typer.Typer) -> None:
    """Hang these commands under `schedules`."""
    parent.add_typer(cli, name="schedules")


@cli.command("list")
def list_(as_json: Json = False, plugin: Plugins = None) -> None:
    """List every registered schedule, preset and weighting."""
    import schedules
    from schedules import weightings

    load(plugin)
    registered = [schedules.info(name) for name in schedules.names()]
    rows = {
        "schedule": [info for info in registered if not info.spec],
        "preset": [info for info in registered if info.spec],
        "weighting": [weightings.info(name) for name in weightings.names()],
    }
    if as_json:
        print_json([{"kind": kind, **_describe(info)} for kind, infos in rows.items() for info in infos])
        return
    for kind, infos in rows.items():
        if infos:
            _print_table(kind, infos)


@cli.command()
def show(
    spec: Spec,
    as_json: Json = False,
    plugin: Plugins = None,
    store: Store = STORE,
    track: OfTrack = None,
    target: OfTarget = None,
) -> None:
    """Show what a schedule or weighting is: formula, parameters, source, quantiles."""
    load(plugin)
    facts: dict[str, Any] = {}
    schedule, weighting = (resolved(spec, store, track, target, facts), None) if is_tuned(spec) else _find(spec)
    with blaming(schedule):
        descriptions = [{**_describe_schedule(schedule), **facts}] if schedule else []
        descriptions += [_describe_weighting(weighting)] if weighting else []
    if as_json:
        print_json(descriptions[0] if len(descriptions) == 1 else descriptions)
        return
    for description in descriptions:
        _print_facts(description)


@cli.command()
def check(spec: Spec, as_json: Json = False, plugin: Plugins = None) -> None:
    """Test a schedule or weighting: is it a density, at its parameters and at the corners of their space."""
    from schedules.plugins import conformance
    from schedules.relatives import similarity
    from schedules.weightings import conformance as weighting_conformance

    load(plugin)
    schedule, weighting = _find(spec)
    results = list(conformance.results(schedule)) if schedule else []
    results += list(weighting_conformance.results(weighting)) if weighting else []
    failed = [result for result in results if result[2]]
    if as_json:
        print_json([{"spec": at, "property": name, "passed": not bad, "problem": bad} for at, name, bad in results])
    else:
        for name in dict.fromkeys(name for _, name, _ in results):
            of_name = [result for result in results if result[1] == name]
            bad = [result for result in of_name if result[2]]
            print(f"{'FAIL' if bad else 'pass'}  {name}  ({len(of_name) - len(bad)}/{len(of_name)} parameter points)")
            for at, _, problem in bad:
                print(f"      {at}: {problem}")
    if schedule and not failed and (outside := similarity.beyond(schedule)) > MUCH_OUTSIDE:
        print(f"note: {outside:.0%} of its draws lie beyond ±{similarity.LIMIT:g}, where λ is clipped", file=sys.stderr)
    if schedule and not failed and (likeness := similarity.likeness(schedule)):
        print(f"note: {likeness}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


@cli.command()
def plot(
    specs: Annotated[
        list[str], typer.Argument(metavar="SPEC…", help="One or more schedules.", autocompletion=schedule_names)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to draw: .png, .svg or .html.")] = Path(
        "schedules.png"
    ),
    force: Force = False,
    plugin: Plugins = None,
    store: Store = STORE,
    track: OfTrack = None,
    target: OfTarget = None,
) -> None:
    """Draw p(λ), λ(t) and the effective weight under each prediction target."""
    from harness.cli.commands.schedule_plots import draw

    load(plugin)
    refuse_to_replace(out, force)
    parsed = [resolved(spec, store, track, target) for spec in specs]
    with blaming(*parsed):
        draw(parsed, out)
    print(out)


@cli.command()
def nearest(
    spec: Annotated[str, typer.Argument(metavar="SPEC", autocompletion=schedule_names)],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many to list.")] = 10,
    as_json: Json = False,
    plugin: Plugins = None,
    store: Store = STORE,
    track: OfTrack = None,
    target: OfTarget = None,
) -> None:
    """List the registered schedules nearest to one, and which are the same density under another name."""
    from schedules.relatives import similarity

    load(plugin)
    parsed = resolved(spec, store, track, target)
    with blaming(parsed):
        neighbours = similarity.nearest(parsed, count)
    if as_json:
        print_json([{"name": near.name, "tv": near.tv, "w1": near.w1, "same": near.same} for near in neighbours])
        return
    print(f"{'nearest to ' + spec:<32} {'TV':>8}  {'W1 (nats)':>9}")
    for near in neighbours:
        print(f"{near.name:<32} {near.tv:8.4f}  {near.w1:9.4f}{'  the same density' if near.same else ''}")


@cli.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new schedule.")],
    kind: Annotated[
        str, typer.Option("--kind", help="What it is given by: density, time, table, points or learner.")
    ] = "density",
    folder: Annotated[Path, typer.Option("-o", "--out", "--in", metavar="FOLDER", help="Where to write it.")] = Path(),
) -> None:
    """Write a commented plugin file and its test, to start from."""
    from schedules.plugins.scaffold import write_plugin

    for path in write_plugin(name, folder, kind):
        print(path)
    print(f"next: snrbench schedules check {name} --plugin {shlex.quote(str(folder / name))}.py")


def _find(spec: str) -> tuple[Schedule | None, Weighting | None]:
    """The schedule and the weighting of that name: some names are both. UserError if it is neither."""
    import schedules
    from schedules import grammar, weightings

    source = grammar.read(spec).source
    name = source.name if isinstance(source, grammar.Call) else ""
    is_weighting = name in weightings.names()
    if is_weighting and name not in schedules.names():
        return None, weightings.parse(spec)
    try:
        weighting = weightings.parse(spec) if is_weighting else None
    except schedules.UserError:
        weighting = None  # parameters or transforms that only the schedule of this name has
    try:
        return schedules.parse(spec), weighting
    except schedules.UserError:
        if weighting is None:
            raise
        return None, weighting


def _describe(info: Info) -> dict[str, Any]:
    return {
        "name": info.name,
        "params": dict(info.params),
        "spec": info.spec or info.name,
        "paper": info.paper,
        "summary": info.summary,
        "origin": info.origin,
    }


def _describe_entry(kind: str, entry: Schedule | Weighting) -> dict[str, Any]:
    from schedules.spaces import describe

    return {
        "kind": kind,
        "name": entry.name,
        "spec": entry.spec,
        **({"stands for": entry.info.spec} if entry.info.spec else {}),
        "params": dict(entry.params),
        "space": {
            key: describe(space) + (", given, not searched" if key in entry.info.given else "")
            for key, space in entry.info.ranges.items()
        },
        "paper": entry.info.paper,
        "origin": entry.info.origin,
        "fingerprint": entry.fingerprint,
        "source hash": entry.source_hash,
        "learns": entry.learns,
        "doc": entry.info.doc,
    }


def _describe_schedule(schedule: Schedule) -> dict[str, Any]:
    from schedules import trainers
    from schedules.relatives.curves import quantiles
    from schedules.relatives.similarity import near, same_density, same_objective
    from schedules.weightings import ERRORS

    objectives = {target: same_objective(schedule, target) for target in ERRORS}
    return {
        **_describe_entry("schedule", schedule),
        "quantiles": quantiles(schedule),
        "same density as": same_density(schedule),
        "nearly the density of": [f"{kin.name} ({kin.tv:.2%} of draws)" for kin in near(schedule) if not kin.same],
        "same objective as": [f"{name} (target {target})" for target, names in objectives.items() for name in names],
        "flags": {line.trainer: line.flags for line in trainers.lines(schedule)},
        "own flags": trainers.own_lines(schedule),
    }


def _describe_weighting(weighting: Weighting) -> dict[str, Any]:
    return _describe_entry("weighting", weighting)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    # Without a terminal rich assumes 80 columns, which would cut names in a pipe or a file.
    return console if console.is_terminal else Console(width=200, highlight=False, emoji=False, markup=False)


def _print_table(kind: str, infos: list[Info]) -> None:
    from rich.table import Table

    from schedules.spaces import text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(kind, no_wrap=True)
    table.add_column("stands for" if kind == "preset" else "parameters", overflow="fold")
    table.add_column("source", overflow="fold")
    table.add_column("in one line", overflow="fold")
    for info in infos:
        parameters = info.spec or ", ".join(f"{key}={text(value)}" for key, value in info.params.items())
        table.add_row(info.name, parameters or "–", info.paper or "–", info.summary)
    print_table(table)
    print()


def _print_facts(facts: dict[str, Any]) -> None:
    from schedules.spaces import text

    console = _console()
    console.print(f"{facts['kind']} {facts['spec']}", style="bold")
    console.print(f"\n{facts['doc']}\n")
    for key, value in facts["params"].items():
        console.print(f"  {key} = {text(value)}    {facts['space'][key]}")
    if "quantiles" in facts:
        console.print("  λ at " + "   ".join(f"{share}: {value:.3f}" for share, value in facts["quantiles"].items()))
    if facts["learns"]:
        console.print("  learns while training")
    for key in (*LIKENESS, "paper", "origin", "fingerprint", "source hash"):
        if facts.get(key):
            start = "at the start, " if facts["learns"] and key in LIKENESS[1:] else ""
            console.print(f"  {start}{key}: {', '.join(facts[key]) if isinstance(facts[key], list) else facts[key]}")
    for key, how in (("own flags", "as its trainer, "), ("flags", "")):
        for trainer, flags in facts.get(key, {}).items():
            console.print(f"  {how}in {trainer}: {schedule_flags.one_line(flags)}", soft_wrap=True)
    console.print()
