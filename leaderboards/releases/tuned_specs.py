"""`laplace@tuned` of the published boards, found by `harness.tuning.studies.lookup`."""

from __future__ import annotations

import json

from harness.specs import Entry
from harness.tuning.studies.lookup import Tuned
from leaderboards.data import released

PLAIN = ("native", "sample")
"""Weighting and application: those of a name with nothing more than `@tuned`."""


def tuned(name: str | None = None) -> list[Tuned]:
    """What the tuned entries of a name are on each published board and target, of every name for None.

    >>> [(study.target, study.entry.schedule) for study in tuned("laplace@tuned") if study.track == "fashion-latent-v1"]
    [('v', 'laplace:loc=-0.07717,scale=0.8968')]
    """
    return [study for track in released.released_tracks() for study in _of_track(track, name)]


def _of_track(track: str, name: str | None) -> list[Tuned]:
    studies = {
        (study.entry, study.target): study.tuned_from
        for study in released.release(track).tuning
        if name in (None, study.entry)
    }
    if not studies:
        return []
    runs = released.read_stored(released.FOLDER / track / released.RESULTS)
    columns = ("entry", "target", "schedule", "weighting", "apply", "params")
    first = {(run["entry"], run["target"]): run for run in reversed(runs.select(columns).to_pylist())}
    return [
        Tuned(entry, track, target, _entry(run["schedule"], json.loads(run["params"]), tuned_from), published=True)
        for (entry, target), tuned_from in studies.items()
        if (run := first.get((entry, target))) and (run["weighting"], run["apply"]) == PLAIN
    ]


def _entry(schedule: str, params: dict[str, float], tuned_from: str) -> Entry:
    times = {key: float(params.get(key, 1.0)) for key in ("learning_rate", "ema")}
    return Entry.of(schedule).model_copy(update={**times, "tuned_from": tuned_from})
