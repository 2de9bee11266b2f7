"""What failed, from the store, as jobs to run again."""

from __future__ import annotations

import json

from harness.execution.job import Job
from harness.results.read import finished_keys, search
from harness.results.store import Store
from harness.specs import Entry, RunSpec
from schedules.errors import UserError

FAILED = "attributes.status = 'FAILED'"
CARRIED = ("trials", "tuning_seconds", "tuning_gain", "tuning_deviates")
"""Tags that a caller had given to the job."""


def failed_jobs(store: Store, track: str) -> list[Job]:
    """The track's runs that failed and have not succeeded since, in the order in which they were first run.

    UserError: a run's schedule or weighting is unknown here; the plugin that it came from is named.
    """
    finished = finished_keys(store, track)
    jobs: dict[str, Job] = {}
    for run in search(store, track, FAILED):
        tags = {key.removeprefix("snrbench."): value for key, value in run.data.tags.items()}
        if tags.get("run_key") not in finished and tags.get("run_key") not in jobs:
            jobs[tags["run_key"]] = _job(tags)
    again = {job.spec: job for job in reversed(jobs.values()) if job.spec.key not in finished}
    return list(again.values())


def _job(tags: dict[str, str]) -> Job:
    try:
        entry = Entry.of(tags["schedule"], tags["weighting"], "weight" if tags["apply"] == "weight" else "sample")
    except UserError as error:
        options = [
            f"--{kind} {file}"
            for kind in ("plugin", "track-plugin", "metric-plugin")
            for file in json.loads(tags.get(f"{kind.replace('-', '_')}s", "[]"))
        ]
        hint = f"it was run with {' '.join(options)}" if options else "no --plugin was named then"
        raise UserError(f"{tags['entry']} × {tags['target']} cannot be repeated, {hint}: {error}") from error
    entry = entry.model_copy(
        update={
            "tuned_from": tags.get("tuned_from", ""),
            "learning_rate": float(tags.get("learning_rate", 1.0)),
            "ema": float(tags.get("ema", 1.0)),
        }
    )
    spec = RunSpec(track=tags["track"], target=tags["target"], entry=entry, seed=int(tags["seed"]))
    return Job(spec, tags=tuple((name, tags[name]) for name in CARRIED if name in tags))
