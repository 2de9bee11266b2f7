"""The command `snrbench`: gathers every room's commands, and turns a mistake of the user into one line.

Exit codes: 0 all done; 1 some runs failed; 2 wrong use; 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from schedules.errors import UserError

# The command line knows every room by name only, so that imports between the rooms keep their one direction.
COMMANDS = (
    "harness.cli.quickstart",
    "harness.cli.run",
    "leaderboards.command",
    "app.command",
    "harness.cli.schedules",
    "harness.cli.tracks",
    "harness.cli.status",
)

cli = typer.Typer(
    name="snrbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cli.callback()
def snrbench(debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False) -> None:
    """Benchmark and leaderboard for the noise schedules of diffusion models."""
    if debug:
        os.environ["SNRBENCH_DEBUG"] = "1"


for module in COMMANDS:
    importlib.import_module(module).add_to(cli)


def main() -> None:
    """Entry point of the console script: runs the command, prints one line for a mistake, and exits."""
    sys.exit(_exit_code(sys.argv[1:]))


def _exit_code(arguments: list[str]) -> int:
    try:
        code = cli(arguments, standalone_mode=False)
    except UserError as error:
        return _complain(str(error), error)
    except TyperException as error:
        return _complain(getattr(error, "format_message", error.__str__)() + _refused_value(error), error)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    return code if isinstance(code, int) else 0


def _refused_value(error: BaseException) -> str:
    """The value that typer's validator refused, which its message leaves out."""
    cause = error.__cause__ or error.__context__
    details = getattr(cause, "errors", None)
    value = repr(details()[0]["input"]) if callable(details) and details() else ""
    return f": {value}" if value and value not in str(error) else ""


def _complain(message: str, error: Exception) -> int:
    if os.environ.get("SNRBENCH_DEBUG"):
        raise error
    if message:
        print(f"snrbench: {' '.join(message.split())}", file=sys.stderr)
    return 2
