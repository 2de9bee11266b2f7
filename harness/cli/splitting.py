"""Several runs at once, and one run in parts: `--stack`, `--nproc` and `--micro-batch`, and what of them can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from schedules.errors import UserError

if TYPE_CHECKING:
    from harness.execution.job import BatchSplit, Settings
    from harness.tracks.track import Track

Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        metavar="N|auto",
        help="Train N runs of a cell at once in a worker; auto: as many as a GPU's memory takes, 1 on a CPU.",
    ),
]
Processes = Annotated[
    int, typer.Option("--nproc", metavar="N", help="Processes of one run, by torchrun; on CUDA one for each GPU.")
]
MicroBatch = Annotated[
    int | None,
    typer.Option(
        "--micro-batch",
        metavar="M",
        help="Rows of a batch that a process takes at once; gradients are accumulated. "
        "Default with --nproc: as many as fit.",
    ),
]


def stack_of(stack: str, executor: str) -> int | None:
    """The option as a number; None for "auto". UserError for what is neither."""
    from harness.execution import executors
    from harness.execution.stacks import can_stack

    stacks = executors.get(executor).stacks
    if stack == "auto":
        return None if stacks else 1
    if not stack.isdecimal() or int(stack) < 1:
        raise UserError(f"--stack is {stack!r}; expected a number of runs, at least 1, or auto")
    if int(stack) > 1 and not stacks:
        raise UserError(f"--stack {stack} goes with --executor local; with {executor} every run is executed by itself")
    if int(stack) > 1 and not can_stack():
        raise UserError(f"--stack {stack}: nothing is installed that executes several runs at once; expected 1")
    return int(stack)


def split_of(processes: int, micro_batch: int | None) -> BatchSplit:
    """The options as a split. UserError for a number that cannot be."""
    from harness.execution.job import BatchSplit

    for name, value in (("--nproc", processes), ("--micro-batch", micro_batch)):
        if value is not None and value < 1:
            raise UserError(f"{name} is {value}; expected at least 1")
    return BatchSplit(processes, micro_batch)


def check(settings: Settings, track: Track) -> None:
    """UserError for a split that does not go with the other options, with this machine or with the track."""
    from harness.execution import executors

    processes, micro_batch = settings.split.processes, settings.split.micro_batch
    if not settings.split:
        return
    option = f"--nproc {processes}" if processes > 1 else f"--micro-batch {micro_batch}"
    if settings.stack != 1:
        raise UserError(f"{option} splits a run, --stack joins several; give one of them")
    if not executors.get(settings.executor).splits:
        raise UserError(f"{option} goes with --executor local, got {settings.executor}")
    if processes > 1:
        _check_place(settings, option)
    batch = track.training.batch
    if batch % processes:
        raise UserError(f"{option} does not divide the batch of {track.name}, {batch}")
    if micro_batch is not None and micro_batch > batch // processes:
        raise UserError(
            f"--micro-batch is {micro_batch}; a process of {track.name} has {batch // processes} rows, expected at "
            "most that"
        )


def _check_place(settings: Settings, option: str) -> None:
    if settings.workers not in (None, 1):
        raise UserError(f"{option} is one run at a time; it goes with no --workers {settings.workers}")
    device, _, index = settings.device.partition(":")
    if index or device == "mps":
        raise UserError(f"{option} goes with --device cuda or cpu, got {settings.device}")
    if device == "cuda":
        import torch

        if (gpus := torch.cuda.device_count()) < settings.split.processes:
            raise UserError(f"{option} needs a GPU for each process; CUDA devices found: {gpus}")
