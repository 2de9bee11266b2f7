"""`laplace@tuned` wherever a schedule is taken: what a store's study found, else what a published board says.

An entry point of the group `snrbench.tuned_specs` is a function from a name, such as "laplace@tuned", to the `Tuned`
that are known of it, of every name for None. Rooms above this one bring theirs so, and imports keep their direction.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import schedules
from harness.results.store import Store
from harness.tuning.studies.subject import Subject
from schedules import Schedule
from schedules.errors import UserError

if TYPE_CHECKING:
    from harness.specs import Entry

GROUP = "snrbench.tuned_specs"


@dataclass(frozen=True)
class Tuned:
    """A schedule with the parameters that tuning found.

    spec:      as it was asked for
    published: by no study of the store
    """

    spec: str
    track: str
    target: str
    entry: Entry
    published: bool = False

    @property
    def schedule(self) -> Schedule:
        """The schedule itself; the multipliers of training are no part of it."""
        return schedules.parse(self.entry.schedule)

    @property
    def line(self) -> str:
        """What it is, in one line."""
        times = f"learning rate × {self.entry.learning_rate:g}, EMA × {self.entry.ema:g}"
        where = f"{'published: ' if self.published else ''}tuned on {self.track}, target {self.target}"
        return f"{self.spec} is {self.entry.schedule} ({where}; {times})"


Place = TypeVar("Place", Subject, Tuned)


def tuned(spec: str, store: Path, track: str | None = None, target: str | None = None) -> Tuned:
    """What the study of a spec found, with or without its `@tuned`; under plain MSE, applied by sampling.

    Of a study of the store where it has one, else the published one.

    track, target: of which study, where there are several
    UserError: a mistake in the spec; not tuned, or tuned for several tracks or targets
    """
    from harness.specs import Entry
    from harness.tuning.studies.tuned import TunedEntry, best_entry

    entry = Entry.of(schedules.split_tuned(spec)[0])
    name = schedules.as_tuned(entry.schedule)
    own = [subject for subject in studies(store) if subject.entry == entry]
    if chosen := _of(own, track, target):
        subject = _only(name, chosen)
        best, _ = best_entry(Store(store), subject.track, subject.target, TunedEntry(entry))
        return Tuned(name, subject.track, subject.target, best)
    released = published(name)
    if of_boards := _of(released, track, target):
        return _only(name, of_boards)
    scope = "".join(f" {kind} {value}" for kind, value in (("on", track), ("for", target)) if value)
    where = f"; it is for {_places([*own, *released])}" if own or released else ""
    raise UserError(
        f"{name}: not tuned{scope} in the store {str(store)!r} or on a published board{where}; snrbench tune tunes it"
    )


def published(name: str | None = None) -> list[Tuned]:
    """What published boards have of a name such as "laplace@tuned", of every name for None."""
    points = importlib.metadata.distribution("snrbench").entry_points.select(group=GROUP)
    return [study for point in points for study in point.load()(name)]


def _of(places: Iterable[Place], track: str | None, target: str | None) -> list[Place]:
    return [place for place in places if track in (None, place.track) and target in (None, place.target)]


def _only(name: str, places: list[Place]) -> Place:
    """The one that is meant. UserError where there are several."""
    if len(places) > 1:
        raise UserError(f"{name}: tuned for {_places(places)}; say which with --track and --target")
    return places[0]


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


def _places(places: Iterable[Subject | Tuned]) -> str:
    return ", ".join(dict.fromkeys(f"{place.track} × {place.target}" for place in places))
