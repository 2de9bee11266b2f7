"""The command `snrbench`: gathers every room's commands, and turns a mistake of the user into one line.

Exit codes: 0 all done, also where there was nothing to do or to show; 1 some runs failed, or a check did; 2 wrong use,
a store that is not there or can't be used, output that can't be written; 70 a defect of snrbench; 130 interrupted; 141
nobody reads the output.
"""

from __future__ import annotations

import functools
import gc
import importlib.metadata
import os
import select
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from harness.cli import complaints, help_texts, needed_packages, streams
from harness.cli.exit_codes import CLOSED_PIPE, DEFECT, INTERRUPTED, WRONG_USE
from schedules.errors import UserError, text_of

COMMANDS = "snrbench.commands"


class Commands(TyperGroup):
    """Of a Ctrl-C Typer says nothing but the exit code, which commands end with that have said where they stopped."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _ctrl_c_is_told():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        with _ctrl_c_is_told():
            return super().invoke(ctx)


@contextmanager
def _ctrl_c_is_told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Abort from None


cli = typer.Typer(
    name="snrbench",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_versions(requested: bool) -> None:
    if not requested:
        return
    from importlib.metadata import PackageNotFoundError, version

    from harness.protocol import PROTOCOL

    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "not installed"
    print(f"snrbench {version('snrbench')}, protocol {PROTOCOL}, torch {torch}")
    raise typer.Exit


@cli.callback()
def snrbench(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print versions and leave.", is_eager=True, callback=_print_versions)
    ] = False,
) -> None:
    """Benchmark and leaderboard for the noise schedules of diffusion models."""
    if debug:
        os.environ["SNRBENCH_DEBUG"] = "1"


# Rooms above this one bring their commands by entry points (pyproject.toml), so that imports keep their one direction.
for command in importlib.metadata.distribution("snrbench").entry_points.select(group=COMMANDS):
    command.load()(cli)
help_texts.keep(cli)


def main() -> None:
    """Runs the command that the process was started with, prints one line for a mistake, and exits."""
    os.environ["PYTHONSAFEPATH"] = "1"  # no process that a library starts imports from the working directory
    streams.prepare()
    code = exit_code(sys.argv[1:])
    if (
        client := sys.modules.get("harness.results.mlflow_access.client")
    ) is not None:  # who needed none need not load it
        client.close_databases()
    gc.freeze()  # or Python looks through all that torch and MLflow hold while it ends: a second, also of a Ctrl-C
    sys.exit(code)


def exit_code(arguments: list[str]) -> int:
    """What a command ends with, given these words after `snrbench`; what went wrong is said on standard error."""
    code = _outcome(lambda: _command()(arguments, prog_name=cli.info.name, standalone_mode=False))
    written = _outcome(sys.stdout.flush)  # what was printed is part of the job
    return code or written


@functools.cache
def _command() -> Callable[..., object]:
    """Of all that was added to `cli`: made once by a process that runs several."""
    return get_command(cli)


def _outcome(action: Callable[[], object]) -> int:
    """Run it; returns the exit code, having said what went wrong."""
    try:
        code = action()
    except (UserError, streams.OutputError) as error:
        return _complain(text_of(error), error)
    except TyperException as error:
        return _complain(complaints.of_use(error), error)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (SystemExit, BrokenPipeError) as stop:
        return _ended_by(stop)
    except Exception as error:
        if line := _said_of(error):
            return _complain(line, error)
        return _complain(complaints.of_defect(error), error, DEFECT)
    return code if isinstance(code, int) else 0


def _said_of(error: Exception) -> str | None:
    if isinstance(error, ImportError):
        return needed_packages.of_import(error)
    return complaints.of_system(error) if isinstance(error, OSError) else complaints.of_record(error)


def _complain(message: str, error: Exception, code: int = WRONG_USE) -> int:
    if os.environ.get("SNRBENCH_DEBUG"):
        raise error
    if message:
        print(f"snrbench: {' '.join(message.split())}", file=sys.stderr)
    return code


def _ended_by(stop: SystemExit | BrokenPipeError) -> int:
    """A closed pipe ends the command quietly; typer and rich turn it into SystemExit."""
    broken = stop if isinstance(stop, OSError) else stop.__context__
    if not isinstance(broken, BrokenPipeError):
        raise stop
    if not (_by_rich(stop) or _output_is_closed()):
        return _complain(complaints.of_defect(broken), broken, DEFECT)  # another pipe, to a worker
    # What is still buffered goes nowhere, or Python would complain of it while it ends.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_PIPE


def _by_rich(stop: BaseException) -> bool:
    frames = [frame for frame, _ in traceback.walk_tb(stop.__traceback__)]
    return bool(frames) and frames[-1].f_globals.get("__name__", "").startswith("rich.")


def _output_is_closed() -> bool:
    with suppress(OSError, ValueError, AttributeError):  # Windows has no poll
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    return False
