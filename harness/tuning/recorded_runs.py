"""What MLflow holds of the runs that tuning asks for."""

from __future__ import annotations

from harness.execution.job import Job, Result
from harness.metrics.keys import parse
from harness.results import read
from harness.results.sql import Database, Finished, Recorded
from harness.results.store import Store
from harness.specs import RunSpec


class Record:
    """Results of the tuning runs that finished or diverged, by run key.

    The list of runs is read once, what a run measured when it is asked for.
    """

    def __init__(self, store: Store, track: str) -> None:
        self.store, self.track = store, f"{track}/tuning"
        self._runs: dict[str, Finished] = {}
        self._whole: dict[str, Recorded] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look what has been recorded since."""
        if not self.store.exists:
            return
        runs = read.listing(self.store, self.track)
        if runs is None:
            for run in read.recorded(self.store, None, self.track):
                self._whole.setdefault(run.tags.get("snrbench.run_key", ""), run)
            return
        keys = Database(self.store.database).tag(runs, "snrbench.run_key")
        # Newest first, and the newest counts.
        self._runs = {keys[run.run_id]: run for run in reversed(runs) if run.run_id in keys}

    def __call__(self, spec: RunSpec) -> Result | None:
        """What is known of a run."""
        if spec.key in self._runs:
            for run in read.recorded(self.store, [self._runs[spec.key]]):
                return _result(spec, run)
        return _result(spec, self._whole[spec.key]) if spec.key in self._whole else None


def _result(spec: RunSpec, run: Recorded) -> Result:
    outcome = run.tags.get("snrbench.outcome", "")
    measured = {parse(key): value for key, value in run.metrics.items()}
    # A run that diverged has the last mark's values under the plain keys, which are the full budget's in others.
    values = {key: value for key, value in measured.items() if key and (outcome == "finished" or key.mark < 1.0)}
    return Result(Job(spec), outcome, run.tags.get("snrbench.reason", ""), values=values)
