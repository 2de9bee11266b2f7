"""The MLflow server that `MLFLOW_TRACKING_URI` names: whether it is there, and how long to wait for it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from harness.results.errors import in_one_line, wants_login, was_answered
from schedules.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
"""A server that is away is asked again later, by us, and must not be waited for; MLflow's own limits are minutes."""


def be_impatient() -> None:
    """Have MLflow give up soon, unless the environment says how long it should wait."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)


def check(client: MlflowClient, uri: str) -> None:
    """UserError, in one line, when the server is not there or does not let us in."""
    try:
        client.search_experiments(max_results=1)
    except Exception as error:  # whatever MLflow's HTTP and database libraries raise
        shown = re.sub(r"//[^/@]*@", "//", uri)
        if wants_login(error):
            login = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            raise UserError(f"MLflow at {shown} (MLFLOW_TRACKING_URI) does not let us in: {login}") from error
        if was_answered(error):
            raise UserError(f"MLflow at {shown} (MLFLOW_TRACKING_URI) refuses: {in_one_line(error)}") from error
        raise UserError(f"MLflow at {shown} (MLFLOW_TRACKING_URI) does not answer: {in_one_line(error)}") from error
