"""`laplace@tuned`: the entry that a study found, for a track and target."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import schedules
from harness import tracks
from harness.results.store import Store
from harness.specs import Entry, Tags, TunedEntry
from harness.tuning.studies.subject import Subject
from schedules.errors import UserError

if TYPE_CHECKING:
    from optuna.storages import RDBStorage


def best_entry(
    store: Store, track: str, target: str, wanted: TunedEntry, command: str = "snrbench tune"
) -> tuple[Entry, Tags]:
    """The entry that tuning found, and what its runs are tagged with besides. UserError when there is none yet.

    command: how the user types `snrbench tune`
    """
    from harness.tuning.studies import storage

    subject = Subject(track, target, wanted.published)
    opened = storage.open_to_read(store)
    attributes, trials = _read(opened, subject) if opened is not None else ({}, 0)
    return _resolved(subject, attributes, trials, f"{command} {_arguments(subject)}")


def _resolved(subject: Subject, attributes: Mapping[str, Any], ended: int, command: str) -> tuple[Entry, Tags]:
    name, track = schedules.as_tuned(subject.entry.schedule), tracks.get(subject.track)
    label = f"{name}, target {subject.target}"
    if not attributes:
        raise UserError(f"{label}: not tuned on {track.name} yet; {command}")
    for key, current in (("track_fingerprint", track.fingerprint), ("protocol", track.protocol)):
        if attributes.get(key) != current:
            raise UserError(f"{label}: tuned on another version of {track.name}; {command} --restart")
    if attributes.get("fingerprint") != subject.entry.fingerprint:
        raise UserError(f"{label}: tuned before its schedule or weighting was changed; {command} --restart")
    budget, tuned = attributes.get("budget") or {}, attributes.get("tuned") or {}
    if missing := max(0, int(budget.get("trials", 0)) - ended):
        raise UserError(f"{label}: {missing} of {budget['trials']} trials are missing; {command}")
    if tuned.get("trials") != ended:
        raise UserError(f"{label}: its {ended} trials are not confirmed yet; {command}")
    if "schedule" not in tuned:
        raise UserError(f"{label}: no trial of its study could be confirmed")
    entry = Entry.of(tuned["schedule"], tuned["weighting"], tuned["apply"]).model_copy(
        update={
            "learning_rate": float(tuned["learning_rate"]),
            "ema": float(tuned["ema"]),
            "tuned_from": subject.entry.schedule,
        }
    )
    return entry, _tags(tuned)


def _tags(tuned: Mapping[str, Any]) -> Tags:
    tags = {"trials": str(tuned["trials"]), "tuning_seconds": f"{tuned['seconds']:g}"}
    if tuned.get("gain"):
        tags["tuning_gain"] = json.dumps(tuned["gain"])
    if tuned.get("deviates"):
        tags["tuning_deviates"] = tuned["deviates"]
    return tuple(tags.items())


def _read(opened: RDBStorage, subject: Subject) -> tuple[dict[str, Any], int]:
    """User attributes of the study and the number of its trials that ended; ({}, 0) when there is no study."""
    import optuna

    from harness.tuning import sampling

    try:
        with sampling.quiet():
            study = optuna.load_study(study_name=subject.name, storage=opened)
    except KeyError:
        return {}, 0
    return study.user_attrs, sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def _arguments(subject: Subject) -> str:
    """What `snrbench tune` is told for this study."""
    entry = subject.entry
    words = [subject.track, entry.schedule, "-t", subject.target]
    words += ["-w", entry.weighting] if entry.weighting != "native" else []
    words += ["--apply", entry.apply] if entry.apply != "sample" else []
    return shlex.join(words)
