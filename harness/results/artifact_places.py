"""Where artifacts lie: below the store in use, whatever absolute address MLflow keeps of them.

A store's own are at `<store>/artifacts/<experiment>/<run>/artifacts`. MLflow writes the whole path into its tables,
which is that of another folder as soon as the store is moved, copied, or mounted elsewhere.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlparse

from harness.results import sqlite_file

FOLDER = "artifacts"
"""Of a store, and again of each run."""


def of_run(artifacts: Path, address: str) -> Path | None:
    """The folder of a run's artifacts in this store; None for an address that is not of a store's kind."""
    parts = _parts(address)
    return artifacts.joinpath(*parts[-3:]) if parts[-1:] == (FOLDER,) and parts[-4:-3] == (FOLDER,) else None


def of_experiment(artifacts: Path, address: str) -> str | None:
    """The address of an experiment's artifacts in this store; None for an address that is not of a store's kind."""
    parts = _parts(address)
    return (artifacts / parts[-1]).as_uri() if parts[-2:-1] == (FOLDER,) else None


def readdress(database: Path, artifacts: Path) -> None:
    """Have MLflow write and show what is in this folder, where its tables name the one that the store was in before.

    A run whose files are in the other folder alone keeps its address, so that they are still found.
    """
    with sqlite_file.opened(database, "rw") as connection, connection:
        held = connection.execute("SELECT experiment_id, artifact_location FROM experiments").fetchall()
        for experiment, address in held:
            here = of_experiment(artifacts, address or "")
            if here not in (None, address):
                query = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
                connection.execute(query, (here, experiment))
                _readdress_runs(connection, experiment, artifacts)


def move_first(database: Path, artifacts: Path) -> None:
    """Put the artifacts of MLflow's first experiment, which has no runs yet, into this folder."""
    with sqlite_file.opened(database, "rw") as connection, connection:
        query = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0"
        connection.execute(query, ((artifacts / "0").as_uri(),))


def _readdress_runs(connection: sqlite3.Connection, experiment: int, artifacts: Path) -> None:
    query = "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?"
    for run_id, address in connection.execute(query, (experiment,)).fetchall():
        here = of_run(artifacts, address or "")
        if here is not None and (here.exists() or not _path(address).exists()):
            connection.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (here.as_uri(), run_id))


def _parts(address: str) -> tuple[str, ...]:
    """The parts of a local path; none of anything else."""
    parts = _path(address).parts if urlparse(address).scheme in ("", "file") else ()
    return () if ".." in parts else parts


def _path(address: str) -> Path:
    return Path(unquote(urlparse(address).path))
