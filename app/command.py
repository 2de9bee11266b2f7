"""`snrbench app`: the app in a browser, served to this machine only unless told otherwise."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import STORE, Store, with_store
from schedules.errors import UserError

HOST = "127.0.0.1"
PORT = 8501
PUBLISHED = "SNRBENCH_APP_PUBLISHED"
"""Set for the page scripts: only published results are shown, and no store is read."""
BUNDLES = "SNRBENCH_APP_BUNDLES"
"""Set for the page scripts: files that others handed in, ranked beside the rest."""
SCRIPT = Path(__file__).with_name("main.py")
LOCAL = "localhost,127.0.0.1"
SETTINGS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
    "logger.hideWelcomeMessage": "true",
}


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(app)


def app(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = PORT,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="Address to listen on; others than this machine can then read."),
    ] = HOST,
    published: Annotated[
        bool, typer.Option("--published", help="Show the published results that come with snrbench; needs no store.")
    ] = False,
    with_bundle: Annotated[
        list[Path] | None, typer.Option("--with-bundle", metavar="FILE", help="A bundle's results, too; repeatable.")
    ] = None,
    store: Store = STORE,
) -> None:
    """Open leaderboards, comparisons and live schedules in a browser."""
    _check_free(host, port)
    if not published:
        _check_store(store)
    os.environ["SNRBENCH_HOME"] = str(store.absolute())
    os.environ.pop(PUBLISHED, None)
    if published:
        _check_published()
        os.environ[PUBLISHED] = "1"
    os.environ[BUNDLES] = os.pathsep.join(_checked(with_bundle or ()))
    # Streamlit costs seconds to import, and the command line imports this module for every command.
    from click import Abort
    from streamlit.web import cli as streamlit

    print(f"snrbench app: http://{_shown(host)}:{port}  (Ctrl-C ends it)", flush=True)
    with suppress(Abort):  # Ctrl-C, after the server has shut down
        streamlit.main(["run", str(SCRIPT), *options(port, host)], standalone_mode=False)


def options(port: int, host: str = HOST) -> list[str]:
    """How Streamlit is started: flags, which no configuration file of the working directory can override."""
    from app.style import theme  # imports Streamlit

    settings = {"server.address": host, "server.port": str(port), "browser.serverAddress": _shown(host), **SETTINGS}
    flags = [f"--{name}={value}" for name, value in settings.items()]
    if host == HOST:
        # A page from elsewhere that resolves to this machine is refused.
        flags += [f"--server.allowedHosts={name}" for name in LOCAL.split(",")]
    return [*flags, *theme.flags()]


def _shown(host: str) -> str:
    """The address that a browser on this machine opens."""
    return {"0.0.0.0": HOST, "::": "localhost"}.get(host, host)


def _check_published() -> None:
    """UserError if nothing was published."""
    from leaderboards.data.released import released_tracks

    if not released_tracks():
        raise UserError("no published results come with this installation; leave out --published to show a store")


def _checked(bundles: Iterable[Path]) -> list[str]:
    """Where the bundles are. UserError for one that is malformed or does not compare with the tracks as they are."""
    files = [file.absolute() for file in bundles]
    if files:
        from leaderboards.releases.bundles import contents

        for file in files:
            contents.comparable(contents.open_bundle(file))
            if os.pathsep in str(file):
                raise UserError(f"bundle {file}: its path must not hold {os.pathsep!r}")
    return [str(file) for file in files]


def _check_store(store: Path) -> None:
    """UserError for a folder that was named and is not there. Without any, there are still schedules to look at."""
    if store.is_dir() or store == STORE or "MLFLOW_TRACKING_URI" in os.environ:
        return
    first = with_store("snrbench quickstart", store)
    raise UserError(f"no store at {store}; `{first}` makes one, `snrbench app --published` shows the published results")


def _check_free(host: str, port: int) -> None:
    """UserError if the port cannot be had there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise UserError(
                f"{host} port {port} cannot be had ({reason}); choose another with --host, --port"
            ) from None
