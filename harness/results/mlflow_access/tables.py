"""The tables of MLflow in a new file: the one place that goes below MLflow's client, to its store."""

from __future__ import annotations

from pathlib import Path

from harness.results import artifact_places, sqlite_file
from harness.results.mlflow_access import client


def make(file: Path, artifacts: Path) -> None:
    """Have MLflow make its tables in a file.

    Only its store itself can be told where artifacts belong. Where there is none of this name or form, a client
    makes the tables, as documented, and what it thinks of artifacts is corrected.
    """
    client.settle()
    try:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        SqlAlchemyStore(sqlite_file.url(file), artifacts.as_uri()).engine.dispose()
    except (ImportError, AttributeError, TypeError):
        client.quiet_client(sqlite_file.url(file)).get_experiment("0")
        client.close_databases()
        artifact_places.move_first(file, artifacts)
