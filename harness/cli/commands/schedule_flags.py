"""`snrbench schedules export`: a schedule for another training loop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands.tuned_specs import OfTarget, OfTrack, resolved
from harness.cli.completion import export_names, schedule_names
from harness.cli.options import STORE, Force, Plugins, Store, blaming, load
from harness.cli.output_file import refuse_to_replace, written_whole
from harness.cli.streams import show as write_out
from schedules.errors import missing

if TYPE_CHECKING:
    from schedules import Schedule

Tokens = Annotated[
    int | None, typer.Option("--tokens", min=1, help="Image tokens, for flags whose density depends on the image size.")
]
SigmaData = Annotated[
    float | None, typer.Option("--sigma-data", help="Standard deviation of the data, for edm and edm2 (default 0.5).")
]


def add_to(cli: typer.Typer) -> None:
    """Register the command under `schedules`."""
    cli.command()(export)


def one_line(flags: str) -> str:
    """Flags that take several lines, on one."""
    return "; ".join(flags.splitlines())


def export(
    spec: Annotated[str, typer.Argument(metavar="SPEC", autocompletion=schedule_names)],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            "--format",
            metavar="FORMAT|TRAINER",
            help="Required: torch, diffusers, json, or a trainer, as edm or sd-scripts (leave it out to see them all).",
            autocompletion=export_names,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; printed without it.")] = None,
    pinned: Annotated[
        str, typer.Option("--with", metavar="FLAGS", help="Of a trainer: flags that stay as they are, such as shift=3.")
    ] = "",
    tokens: Tokens = None,
    sigma_data: SigmaData = None,
    force: Force = False,
    plugin: Plugins = None,
    store: Store = STORE,
    track: OfTrack = None,
    target: OfTarget = None,
) -> None:
    """Write a schedule for a training loop: a PyTorch file, a configuration, a table, or a trainer's flags.

    A trainer that can't draw the schedule is said to, with the nearest that it can and how far that is, in nats of λ.
    NAME@tuned is what a study of the store found, else what the published boards have.
    """
    if to is None:
        raise missing("--to", _forms())
    load(plugin)
    if out is not None:
        refuse_to_replace(out, force)
    parsed = resolved(spec, store, track, target)
    with blaming(parsed):
        text = _exported(parsed, to, pinned, tokens, sigma_data)
    if out is None:
        write_out(text, to)
        return
    with written_whole(out) as file:
        file.write_text(text + "\n", encoding="utf-8")
    print(out)


def _forms() -> list[str]:
    """Every format and trainer."""
    from schedules import trainers
    from schedules.export import FORMATS

    return [*FORMATS, *trainers.names()]


def _exported(schedule: Schedule, to: str, pinned: str, tokens: int | None, sigma_data: float | None) -> str:
    """Text in a format, or a trainer's flags with notes on standard error. UserError: the trainer has none."""
    from schedules import UserError, trainers
    from schedules.errors import unknown
    from schedules.export import FORMATS
    from schedules.export import export as exported

    if to in FORMATS:
        of_trainers = {"--with": pinned or None, "--tokens": tokens, "--sigma-data": sigma_data}
        if misplaced := [name for name, value in of_trainers.items() if value is not None]:
            raise UserError(f"{', '.join(misplaced)}: only of a trainer ({', '.join(trainers.names())}); got --to {to}")
        return exported(schedule, to)
    if to not in trainers.names():
        raise unknown("export format or trainer", to, _forms())
    expression = trainers.express(schedule, to, pinned=pinned, tokens=tokens, sigma_data=sigma_data)
    if not expression.exact:
        raise UserError(
            f"{to} can't draw {schedule.spec}; nearest is {one_line(expression.flags)} ({expression.spec}), "
            f"{expression.w1:.3g} nats of λ away on average within ±20 (total variation {expression.tv:.3g})"
        )
    for note in expression.notes:
        print(f"note: {note}", file=sys.stderr)
    return expression.flags
