"""How runs are executed: the options of every command that trains, and the settings that they make."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.execution.job import Settings


class Wish(StrEnum):
    """Whether to compile."""

    auto = "auto"
    on = "on"
    off = "off"


Workers = Annotated[
    int | None, typer.Option(help="Runs at a time. Default: one a core; on a GPU as many as its memory takes.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Compile = Annotated[
    Wish, typer.Option(help="Compile the network, and on CUDA the whole step into one graph. auto: on CUDA alone.")
]
ExecutorName = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="local|ray|FILE.py",
        help="Processes of this machine, a Ray cluster (RAY_ADDRESS), or what a file of yours makes.",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit", metavar="MINUTES", help="Of one run. Default: 20 times what it should take, 15 at least."
    ),
]
MemoryLimit = Annotated[
    float | None,
    typer.Option("--memory-limit", metavar="GIB", help="Of one run. Default: what is free, divided by the workers."),
]


def settings_of(
    device: str,
    executor: str,
    workers: int | None,
    time_limit: float | None,
    memory_limit: float | None,
    plugins: list[str],
    track_plugins: list[str],
    compile: str = "auto",
) -> Settings:
    """The options of a command that executes runs. UserError for a value that cannot be."""
    from harness.device import resolve
    from harness.execution import executors
    from harness.execution.job import Limits, Settings
    from schedules.errors import UserError

    if workers is not None and workers < 1:
        raise UserError(f"--workers is {workers}; expected at least 1")
    for name, limit in (("--time-limit", time_limit), ("--memory-limit", memory_limit)):
        if limit is not None and not limit > 0:
            raise UserError(f"{name} is {limit:g}; expected more than 0")
    limits = Limits(None if time_limit is None else 60 * time_limit, memory_limit)
    here = executors.get(executor).here
    place = resolve(device) if here else device
    if compile == "on" and here:
        import torch

        from harness.training.compilation import compilation

        compilation(compile, torch.device(place))
    return Settings(executor, place, workers, tuple(plugins), tuple(track_plugins), limits, compile)
