"""MLflow's client: imported whoever we are, quiet, and with every database that it opens known, so as to close it."""

from __future__ import annotations

import functools
import logging
import os
import weakref
from typing import TYPE_CHECKING

from harness.results.mlflow_access import server, unknown_user

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Engine


def quiet_client(uri: str) -> MlflowClient:
    """A client that says nothing by itself."""
    settle()
    from mlflow import MlflowClient

    _watch_engines()
    return MlflowClient(tracking_uri=uri)


def unpooled_client(uri: str) -> MlflowClient:
    """A client that holds no connection between two calls, so that a long-lived reader keeps no log file open."""
    name = "MLFLOW_SQLALCHEMYSTORE_POOLCLASS"
    before = os.environ.get(name)
    os.environ[name] = "NullPool"
    try:
        return quiet_client(uri)
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def settle() -> None:
    """Have MLflow be imported whoever we are, and neither chatter nor report its usage then."""
    unknown_user.settle()
    server.be_impatient()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Two lines for every run that a server takes, into standard output.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs a traceback of each database error and then raises it.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


@functools.cache
def _watch_engines() -> None:
    """Know every engine that is connected from now on: MLflow makes its own, and does not hand them out."""
    from sqlalchemy import Connection, Engine, event

    def note(connection: Connection) -> None:
        _engines.add(connection.engine)

    event.listen(Engine, "engine_connect", note)


def close_databases() -> None:
    """Close what this process has open, so that SQLite merges its write-ahead logs into the files."""
    for engine in list(_engines):
        engine.dispose()
