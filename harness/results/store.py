"""The store: one folder with the MLflow database and artifacts, and results waiting to be delivered to it.

`store.json` says in which format: {"format": 1, "protocol": "1"}; a store without it is of format 1. Until `prepare`
opens it for writing, the client reads and leaves every file as it is. The folder may be moved, copied, or mounted
elsewhere. `MLFLOW_TRACKING_URI` replaces the MLflow part by a server.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from harness.protocol import PROTOCOL
from harness.results import artifact_places, database, sqlite_file
from harness.results.errors import in_one_line, is_full
from harness.results.mlflow_access import server, tables
from harness.results.mlflow_access.client import quiet_client, unpooled_client
from schedules.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

FORMAT = 1


class Store:
    """Paths of a store folder, and the MLflow client for it. Nothing is created until something is written."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self.outbox = self.root / "outbox"
        self.set_aside = self.root / "set-aside"
        self.artifacts = self.root / artifact_places.FOLDER
        self.database = self.root / "mlflow.db"
        self.marker = self.root / "store.json"
        self._writes = False

    @property
    def remote(self) -> str | None:
        """URI of the MLflow server that replaces the folder's database, if one is set."""
        return os.environ.get("MLFLOW_TRACKING_URI") or None

    @property
    def uri(self) -> str:
        """Tracking URI, for writing."""
        return self.remote or sqlite_file.url(self.database)

    @property
    def exists(self) -> bool:
        """Whether there is anything to read: a database that is empty, or was never finished, counts as none."""
        return self.remote is not None or database.holds_anything(self.database, self.artifacts)

    def check(self) -> None:
        """UserError for what `prepare` refuses, as far as that is known before anything is made."""
        place = next(place for place in (self.root, *self.root.parents) if os.path.lexists(place))
        if not place.is_dir():
            what = "it" if place == self.root else str(place)
            raise UserError(f"store {self.root} cannot be written: {what} is a file; expected a folder")
        self.check_format()
        # Before a lock is tried for: filelock writes into a file of its own that is there already.
        if not os.access(place, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            where = "this folder" if place == self.root else str(place)
            raise UserError(f"store {self.root} cannot be written: nothing can be made in {where}")
        if self.remote is not None:
            server.check(self._writer, self.remote)
        elif not database.is_wanted(self.database, self.artifacts):
            database.examine(self.database, self.artifacts)

    def prepare(self) -> None:
        """Make the folder and its database, for writing. UserError when it cannot be written, or is no such store."""
        self.check()
        try:
            self.outbox.mkdir(parents=True, exist_ok=True)
            if self.remote is None:
                # MLflow makes its tables when a client first opens the database; two at once would break it.
                with FileLock(self.root / "mlflow.lock"):
                    self._prepare_database()
                    self._writes = True
                    _ = self.client
            self._mark()
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"store {self.root} cannot be written: {error}") from error
        self._writes = True

    def _prepare_database(self) -> None:
        if database.is_wanted(self.database, self.artifacts):
            try:
                sqlite_file.make_whole(self.database, lambda file: tables.make(file, self.artifacts))
            except Exception as error:  # MLflow wraps what its database library raises
                if not is_full(error):
                    raise
                raise UserError(f"store {self.root} cannot be written: {in_one_line(error)}") from error
        database.examine(self.database, self.artifacts)
        artifact_places.readdress(self.database, self.artifacts)

    @property
    def client(self) -> MlflowClient:
        """MLflow's client: it reads, and after `prepare` writes. UserError for a database that it can't use."""
        return self._writer if self._writes else self._reader

    def experiment(self, track: str, create: bool = False) -> str | None:
        """Id of the track's experiment; None when there is none and `create` is false.

        create: it is to be written to, under the lock of the record. UserError for one that MLflow holds as deleted
        """
        self._writes |= create
        held = self.client.get_experiment_by_name(track)
        if held is None and create:
            from mlflow.exceptions import MlflowException

            location = None if self.remote else (self.artifacts / track.replace("/", "-")).as_uri()
            try:
                return str(self.client.create_experiment(track, artifact_location=location))
            except MlflowException:  # another process was faster
                held = self.client.get_experiment_by_name(track)
                if held is None:
                    raise
        if held is None:
            return None
        if create:
            if held.lifecycle_stage != "active":
                raise self.experiment_is_deleted(track, held.experiment_id)
            if self.remote is None and artifact_places.of_experiment(self.artifacts, held.artifact_location) not in (
                None,
                held.artifact_location,
            ):  # another process has the store mounted elsewhere
                artifact_places.readdress(self.database, self.artifacts)
        return str(held.experiment_id)

    def experiment_is_deleted(self, name: str, number: str) -> UserError:
        """What to say of an experiment that MLflow holds as deleted: it records no run in it."""
        where = "" if self.remote else f"MLFLOW_TRACKING_URI={shlex.quote(self.uri)} "
        return UserError(
            f"the experiment {name} was deleted in MLflow, which records no run in it until it is restored: "
            f"{where}mlflow experiments restore --experiment-id {number}"
        )

    @functools.cached_property
    def _reader(self) -> MlflowClient:
        self.check_format()
        if self.remote is not None:
            return quiet_client(self.remote)
        database.examine(self.database, self.artifacts)
        return unpooled_client(sqlite_file.reading_url(self.database))

    @functools.cached_property
    def _writer(self) -> MlflowClient:
        return quiet_client(self.uri)

    def check_format(self) -> None:
        if not self.marker.exists():
            return
        try:
            stored_format = json.loads(self.marker.read_text())["format"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f'store {self.root}: {self.marker.name} does not read {{"format": {FORMAT}}}') from error
        if stored_format != FORMAT:
            raise UserError(
                f"store {self.root} has format {stored_format}, expected {FORMAT}: another version of snrbench made "
                "it; use that version, or another --store"
            )

    def _mark(self) -> None:
        if self.marker.exists():
            return
        partial = self.root / f".{self.marker.name}.{os.getpid()}"
        partial.write_text(json.dumps({"format": FORMAT, "protocol": PROTOCOL}) + "\n")
        os.replace(partial, self.marker)
