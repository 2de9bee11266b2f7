"""The store: one folder with the MLflow database and artifacts, and results waiting to be delivered to it.

`MLFLOW_TRACKING_URI` replaces the MLflow part by a server.
"""

from __future__ import annotations

import functools
import logging
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from schedules.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Store:
    """Paths of a store folder, and the MLflow client for it. Nothing is created until something is written."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self.outbox = self.root / "outbox"
        self.artifacts = self.root / "artifacts"
        self.database = self.root / "mlflow.db"

    @property
    def remote(self) -> str | None:
        """URI of the MLflow server that replaces the folder's database, if one is set."""
        return os.environ.get("MLFLOW_TRACKING_URI") or None

    @property
    def uri(self) -> str:
        """Tracking URI."""
        return self.remote or f"sqlite:///{self.database}"

    @property
    def exists(self) -> bool:
        """Whether there is anything to read."""
        return self.remote is not None or self.database.exists()

    def prepare(self) -> None:
        """Make the folder and its database. UserError when it cannot be written."""
        try:
            self.outbox.mkdir(parents=True, exist_ok=True)
            if self.remote is None:
                # Readers and writers of other processes do not wait for each other in this mode; the file keeps it.
                with sqlite3.connect(self.database, timeout=60) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
                # MLflow makes its tables when a client first opens the database; two at once would break it.
                with FileLock(self.root / "mlflow.lock"):
                    _ = self.client
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"store {self.root} cannot be written: {error}") from error

    def _look_at_database(self) -> None:
        try:
            with sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=60) as connection:
                connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            raise UserError(f"store {self.root} cannot be read: {self.database.name}: {error}") from error

    @functools.cached_property
    def client(self) -> MlflowClient:
        """MLflow's client, without its chatter and without its usage reports. UserError for a damaged database."""
        if self.remote is None and self.database.exists():
            self._look_at_database()
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        for name in ("alembic", "mlflow"):
            logging.getLogger(name).setLevel(logging.WARNING)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def experiment(self, track: str, create: bool = False) -> str | None:
        """Id of the track's experiment; None when there is none and `create` is false."""
        found = self.client.get_experiment_by_name(track)
        if found is not None:
            return str(found.experiment_id)
        if not create:
            return None
        location = None if self.remote else (self.artifacts / track).as_uri()
        return str(self.client.create_experiment(track, artifact_location=location))
