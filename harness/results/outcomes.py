"""What became of every run in a store: what finished, and what did not, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.results import read
from harness.results.store import Store

RECORDED = ("FINISHED", "FAILED", "KILLED")


@dataclass(frozen=True)
class Ended:
    """The newest that is known of a run. experiment: the track's name, or "<track>/tuning"; name: as people call it."""

    experiment: str
    name: str
    key: str
    outcome: str
    reason: str


def ended(store: Store) -> list[Ended]:
    """Every run that ended, once: as finished or diverged where it ever did, else with its last failure."""
    runs: dict[tuple[str, str], Ended] = {}
    for run in _recorded(store):
        before = runs.get((run.experiment, run.key))
        if before is None or before.outcome not in ("finished", "diverged") or run.outcome in ("finished", "diverged"):
            runs[run.experiment, run.key] = run
    return list(runs.values())


def _recorded(store: Store) -> Iterator[Ended]:
    database = read.database_of(store)
    if database is None:
        yield from _through_mlflow(store)
        return
    rows: dict[str, dict[str, str]] = {}
    for run_id, experiment, name, key, value in database.ended():
        row = rows.setdefault(run_id, {"experiment": experiment, "name": name})
        row[key.removeprefix("snrbench.")] = value
    for row in rows.values():
        if "run_key" in row:
            yield Ended(row["experiment"], row["name"], row["run_key"], row.get("outcome", ""), row.get("reason", ""))


def _through_mlflow(store: Store) -> Iterator[Ended]:
    if not store.exists:
        return
    for experiment in store.client.search_experiments():
        for run in reversed(list(read.search(store, experiment.name))):
            tags = run.data.tags
            if "snrbench.run_key" in tags and run.info.status in RECORDED:
                yield Ended(
                    experiment.name,
                    run.info.run_name,
                    tags["snrbench.run_key"],
                    tags.get("snrbench.outcome", ""),
                    tags.get("snrbench.reason", ""),
                )
