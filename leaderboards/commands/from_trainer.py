"""`snrbench schedules from TRAINER FLAGS`: which density a trainer draws, and its rows on the published boards."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.commands import schedules as schedule_commands
from harness.cli.commands.schedule_flags import SigmaData, Tokens
from harness.cli.completion import trainer_names
from harness.cli.options import Force, Json, Plugins, load, print_json
from harness.cli.output_file import refuse_to_replace
from schedules.errors import missing

if TYPE_CHECKING:
    from schedules.trainers import Reading

RELATIVES = 3


def add_to(cli: typer.Typer) -> None:
    """Register the command under `schedules`. A trainer's flags look like options of it."""
    schedule_commands.cli.command("from", context_settings={"ignore_unknown_options": True})(from_)


def from_(
    trainer: Annotated[
        str | None,
        typer.Argument(
            metavar="TRAINER",
            help="Required: one of those that `export --to` has (leave it out to see them all).",
            show_default=False,
            autocompletion=trainer_names,
        ),
    ] = None,
    flags: Annotated[
        list[str] | None,
        typer.Argument(metavar="FLAGS", help="In quotes, as pasted: a command line, JSON or YAML; - reads them."),
    ] = None,
    tokens: Tokens = None,
    sigma_data: SigmaData = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw it: .png, .svg or .html.")] = None,
    force: Force = False,
    as_json: Json = False,
    plugin: Plugins = None,
) -> None:
    """Say which density a trainer draws with some flags: its spec, relatives, and rows on published boards."""
    from harness.cli.commands.schedule_plots import draw
    from schedules import trainers

    if trainer is None:
        raise missing("TRAINER", trainers.names())
    load(plugin)
    if plot is not None:
        refuse_to_replace(plot, force, "--plot")
    pasted = sys.stdin.read() if flags == ["-"] else " ".join(flags or [])
    reading = trainers.read(trainer, pasted, tokens=tokens, sigma_data=sigma_data)
    facts = _facts(trainer, reading)
    if plot is not None:
        draw([reading.schedule], plot)
        facts["plot"] = str(plot)
    if as_json:
        print_json(facts)
        return
    _print(facts)


def _facts(trainer: str, reading: Reading) -> dict[str, Any]:
    """What is said of a reading, in the order in which it is said."""
    from leaderboards.releases.published_rows import published_rows
    from schedules import trainers
    from schedules.relatives import similarity
    from schedules.relatives.curves import quantiles

    schedule = reading.schedule
    return {
        "spec": schedule.spec,
        "weighting": reading.weighting,
        "quantiles": quantiles(schedule),
        "same density as": similarity.same_density(schedule),
        "nearest": [{"name": kin.name, "tv": kin.tv, "w1": kin.w1} for kin in similarity.nearest(schedule, RELATIVES)],
        "published": published_rows(schedule),
        "source": trainers.get(trainer).source,
        "notes": list(reading.notes),
    }


def _print(facts: dict[str, Any]) -> None:
    print(facts["spec"])
    print(f"  weighting: {facts['weighting']}")
    print("  λ at " + "   ".join(f"{share}: {value:.3f}" for share, value in facts["quantiles"].items()))
    if facts["same density as"]:
        print(f"  same density as: {', '.join(facts['same density as'])}")
    near = [f"{kin['name']} (TV {kin['tv']:.3f}, {kin['w1']:.3f} nats)" for kin in facts["nearest"]]
    print(f"  nearest: {', '.join(near)}")
    for row in facts["published"]:
        print(f"  published: {row['track']}, target {row['target']}: {row['entry']}, {row['text']}")
    if not facts["published"]:
        print("  published: on no board")
    if "plot" in facts:
        print(f"  plot: {facts['plot']}")
    print(f"  source: {facts['source']}")
    for note in facts["notes"]:
        print(f"note: {note}", file=sys.stderr)
