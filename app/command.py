"""`snrbench app`: the app in a browser, served to this machine only."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import STORE, Store
from schedules.errors import UserError

HOST = "127.0.0.1"
PORT = 8501
MAIN = Path(__file__).with_name("main.py")
SETTINGS = {
    "server.headless": "true",
    "server.allowedHosts": "localhost,127.0.0.1",  # a page from elsewhere that resolves to this machine is refused
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": HOST,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
    "logger.hideWelcomeMessage": "true",
}


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(app)


def app(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this machine.")] = PORT,
    store: Store = STORE,
) -> None:
    """Open leaderboards and live schedules in a browser."""
    _check_free(port)
    os.environ["SNRBENCH_HOME"] = str(store.absolute())
    # Streamlit costs seconds to import, and the command line imports this module for every command.
    from streamlit.web import cli as streamlit

    print(f"snrbench app: http://{HOST}:{port}  (Ctrl-C ends it)", flush=True)
    streamlit.main(["run", str(MAIN), *options(port)], standalone_mode=False)


def options(port: int) -> list[str]:
    """How Streamlit is started: flags, which no configuration file of the working directory can override."""
    from app import theme  # imports Streamlit

    settings = {"server.address": HOST, "server.port": str(port), **SETTINGS}
    found = [f"--{name}={part}" for name, value in settings.items() for part in value.split(",")]
    return [*found, *theme.flags()]


def _check_free(port: int) -> None:
    """UserError if the port cannot be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            raise UserError(f"port {port} cannot be had ({problem.strerror}); choose another with --port") from None
