"""The help of every command is its function's docstring, also where Python was told to drop those."""

from __future__ import annotations

import typer
from typer.models import CommandInfo, TyperInfo

from schedules.docstrings import docstring


def keep(cli: typer.Typer) -> None:
    """Give the functions of all commands, and of groups of commands, the docstrings that `-OO` took."""
    commands: list[CommandInfo | TyperInfo] = [*cli.registered_commands]
    if cli.registered_callback is not None:
        commands.append(cli.registered_callback)
    for command in commands:
        if command.callback is not None and command.callback.__doc__ is None:
            command.callback.__doc__ = docstring(command.callback)
    for group in cli.registered_groups:
        if group.typer_instance is not None:
            keep(group.typer_instance)
