"""The help of every command is its function's docstring, also where Python was told to drop those."""

from __future__ import annotations

import typer

from schedules.user_code.docstrings import docstring


def keep(cli: typer.Typer) -> None:
    """Give the functions of all commands, and of groups of commands, the docstrings that `-OO` took."""
    functions = [command.callback for command in cli.registered_commands]
    functions += [cli.registered_callback.callback] if cli.registered_callback else []
    for function in functions:
        if function is not None and function.__doc__ is None:
            function.__doc__ = docstring(function)
    for group in cli.registered_groups:
        if group.typer_instance is not None:
            keep(group.typer_instance)
