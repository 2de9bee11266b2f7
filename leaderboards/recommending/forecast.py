"""What a recommendation takes, before anything runs; `--dry-run` says it, and the command itself goes by it.

    seconds of a run    by past runs of the store, else as timed here before, else by the track's card, else timed now:
                        some steps and samples, with a feature space that is trained a little and not kept
    before the first    training that is done once (autoencoder, classifier), and loading the data

What was timed is kept in the store, `recommend/own-flowers-v1 v timed.json`, so that the next command says the same.
A track of this package whose card has no CPU's figure is not timed: a block of its steps may take hours.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from harness import tracks
from harness.device import describe
from harness.execution.capacity.worker_count import workers_for
from harness.execution.estimate import card_costs, estimate
from harness.execution.job import Settings
from harness.results.store import Store
from harness.tracks.plugins import BUILT_IN
from harness.tracks.track import Track
from leaderboards.recommending.journal import FOLDER
from leaderboards.recommending.planning import CLOSING, OPENING, Plan, in_time, least, minutes_of, planned
from leaderboards.recommending.references import one_thread
from schedules.errors import UserError


class Timed(BaseModel):
    """What was timed, in seconds.

    seconds:  of a run
    training: of what is trained once, 0 as soon as it is kept
    loading:  of the data
    """

    model_config = ConfigDict(extra="forbid")

    fingerprint: str
    hardware: str
    seconds: float
    training: float = 0.0
    loading: float = 0.0


@dataclass(frozen=True)
class Forecast:
    """seconds: of a run; source: who says so; training, loading: seconds before the first run, once and each time"""

    seconds: float
    source: str
    workers: int
    trial_seeds: int
    training: float = 0.0
    loading: float = 0.0

    @property
    def besides(self) -> float:
        """Seconds that a command takes beside its runs."""
        return self.training + 2 * self.loading + OPENING + CLOSING  # the command loads the data, then workers do

    def plan(self, minutes: float) -> Plan:
        """What the minutes buy. UserError where that is less than the least, with the minutes that it takes."""
        return planned(minutes, self.seconds, self.workers, self.trial_seeds, besides=self.besides)

    @property
    def least_minutes(self) -> int:
        """Whole minutes that the least takes."""
        return minutes_of(least(self.trial_seeds), self.seconds, self.workers, self.besides)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"seconds": self.seconds, "source": self.source, "workers": self.workers, "besides": self.besides}

    def lines(self, minutes: float) -> list[str]:
        """What the minutes buy and by what; the same before the work as instead of it. UserError as `plan`."""
        plan = self.plan(minutes)
        first = f"; before them {in_time(self.training)} for what is trained once" if self.training >= 1 else ""
        return [
            f"{minutes:g} min buy {plan}",
            f"{in_time(self.seconds)} a run, judging by {self.source}; {self.workers} at a time{first}",
        ]


def forecast(track: str, target: str, store: Store, settings: Settings) -> Forecast:
    """What a recommendation for a target of this track takes; some seconds of work where nobody knows.

    UserError: a track whose runs may take hours and whose cost nobody knows; its data are not there
    """
    path = _path(store, track, target)
    timed, expected = _read(path, tracks.get(track), settings.device), estimate(store, track, settings.device)
    seconds, source = expected.of(target), expected.source
    if timed is None and seconds is None:
        _check_known(track, expected.unknown)
        timed = _timed(tracks.get(track), target, settings)
        _write(path, timed)
    if timed is not None and (seconds is None or expected.source != "past runs"):
        seconds, source = timed.seconds, "some steps of one, timed here"
    return Forecast(
        float(seconds or 0.0),
        source,
        workers_for(settings, store, track),
        tracks.get(track).tuning.seeds,
        timed.training if timed else 0.0,
        timed.loading if timed else 0.0,
    )


def trained(track: str, target: str, store: Store, settings: Settings) -> None:
    """What is trained once is there: later commands do not wait for it."""
    path = _path(store, track, target)
    if (timed := _read(path, tracks.get(track), settings.device)) is not None:
        _write(path, timed.model_copy(update={"training": 0.0}))


def _check_known(track: str, unknown: str) -> None:
    if tracks.get(track) in BUILT_IN and not any(cost.kind == "cpu" for cost in card_costs(track)):
        raise UserError(
            f"what a run of {track} takes is not known, so no minutes can be promised: {unknown}; expected a run to go "
            f"by: snrbench run {track} -s cosine -t v --seeds 1"
        )


def _timed(track: Track, target: str, settings: Settings) -> Timed:
    import torch

    from harness.data import own_latents
    from harness.measuring.run_seconds import seconds_of_a_run
    from harness.rehearsal import rehearsal
    from harness.runs.run import Bench
    from harness.training.compilation import compilation

    tracks.check(track.name)
    device = torch.device(settings.device if settings.device != "auto" else "cpu")
    with one_thread(), rehearsal() as told:
        before = time.perf_counter()
        try:
            place = Bench(track, device, compilation(settings.compile, device))
            loading = time.perf_counter() - before - told.spent
            seconds = seconds_of_a_run(place, target)
        finally:
            own_latents.load.cache_clear()  # they are of an autoencoder that is hardly trained
    return Timed(
        fingerprint=track.fingerprint,
        hardware=describe(str(device)),
        seconds=float(f"{seconds:.2g}"),
        training=round(told.seconds),
        loading=float(f"{loading:.2g}"),
    )


def _path(store: Store, track: str, target: str) -> Path:
    return store.root / FOLDER / f"{track} {target} timed.json"


def _read(path: Path, track: Track, device: str) -> Timed | None:
    try:
        timed = Timed(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, ValidationError):
        return None
    hardware = describe(device if device != "auto" else "cpu")
    return timed if (timed.fingerprint, timed.hardware) == (track.fingerprint, hardware) else None


def _write(path: Path, timed: Timed) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(timed.model_dump_json(indent=2) + "\n", encoding="utf-8")
