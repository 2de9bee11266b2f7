"""`laplace@tuned` wherever a schedule is taken: the schedule that a store's study found, of which track and target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schedules
from harness.results.store import Store
from harness.tuning.studies.subject import Subject
from schedules import Schedule
from schedules.errors import UserError

if TYPE_CHECKING:
    from harness.specs import Entry


@dataclass(frozen=True)
class Tuned:
    """A schedule with the parameters that tuning found. spec: as it was asked for"""

    spec: str
    track: str
    target: str
    entry: Entry

    @property
    def schedule(self) -> Schedule:
        """The schedule itself; the multipliers of training are no part of it."""
        return schedules.parse(self.entry.schedule)

    @property
    def line(self) -> str:
        """What it is, in one line."""
        times = f"learning rate × {self.entry.learning_rate:g}, EMA × {self.entry.ema:g}"
        return f"{self.spec} is {self.entry.schedule} (tuned on {self.track}, target {self.target}; {times})"


def tuned(spec: str, store: Path, track: str | None = None, target: str | None = None) -> Tuned:
    """What the study of a spec found, with or without its `@tuned`; under plain MSE, applied by sampling.

    track, target: of which study, where the store has several
    UserError: a mistake in the spec; not tuned in this store, or tuned for several tracks or targets
    """
    from harness.specs import Entry
    from harness.tuning.studies.tuned import TunedEntry, best_entry

    entry = Entry.of(schedules.split_tuned(spec)[0])
    name = schedules.as_tuned(entry.schedule)
    of = [subject for subject in studies(store) if subject.entry == entry]
    chosen = [subject for subject in of if track in (None, subject.track) and target in (None, subject.target)]
    where = f"; it is for {_places(of)}" if of else ""
    if not chosen:
        scope = "".join(f" {kind} {value}" for kind, value in (("on", track), ("for", target)) if value)
        raise UserError(f"{name}: not tuned{scope} in the store {str(store)!r}{where}; snrbench tune tunes it")
    if len(chosen) > 1:
        raise UserError(f"{name}: tuned for {_places(chosen)}; say which with --track and --target")
    subject = chosen[0]
    best, _ = best_entry(Store(store), subject.track, subject.target, TunedEntry(entry))
    return Tuned(name, subject.track, subject.target, best)


def studies(store: Path) -> list[Subject]:
    """What the studies of a store are of, by name; those of a track or schedule that is not known here are left out."""
    import optuna

    from harness.tuning.studies import storage

    opened = storage.open_to_read(Store(store))
    if opened is None:
        return []
    try:
        summaries = optuna.get_all_study_summaries(opened, include_best_trial=False)
        subjects = (_subject(store, summary.user_attrs) for summary in summaries)
        return sorted(filter(None, subjects), key=lambda subject: subject.name)
    finally:
        opened.remove_session()


def _subject(store: Path, attributes: Mapping[str, Any]) -> Subject | None:
    from harness import tracks
    from harness.specs import Entry
    from harness.tracks.plugins import load_of_store

    try:
        load_of_store(store, attributes["track"])
        entry = Entry.of(attributes["schedule"], attributes["weighting"], attributes["apply"])
        return Subject(tracks.get(attributes["track"]).name, attributes["target"], entry)
    except (KeyError, UserError):
        return None


def _places(subjects: list[Subject]) -> str:
    return ", ".join(f"{subject.track} × {subject.target}" for subject in subjects)
