"""A study in Optuna's storage: an ordinary one, that commands work on block by block.

Block k is the trials k·B … (k+1)·B − 1, B = `Tuning.together`. A command claims a block, fills it with trials, runs
them, and tells their results in the order of their numbers when all of them have ended. What a block's trials are and
which of them are stopped depends on the blocks before it alone. With one command at a time every earlier block is told
when a block is asked, however often commands were interrupted: what has no living owner is taken over first. Several
commands work on a block each; then a block knows what has been told until it is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from harness import tracks
from harness.tracks.track import Track
from harness.tuning import sampling
from harness.tuning.budget import Budget
from harness.tuning.space import Space
from harness.tuning.studies.locks import Locks, exclusive
from harness.tuning.studies.running_trials import RunningTrials
from harness.tuning.studies.subject import Subject
from schedules.errors import UserError
from schedules.spaces import Value


@dataclass(frozen=True)
class TrialBlock:
    """Trials to be run together. before: what they may know, of earlier blocks, when the block was taken."""

    start: int
    trials: tuple[FrozenTrial, ...]
    before: tuple[FrozenTrial, ...]


@dataclass
class Study:
    """A study, opened for work. UserError from `open` for one that was made under other rules.

    running: where what is known of a trial that runs is written, from `open` on
    """

    subject: Subject
    budget: Budget
    storage: RDBStorage
    locks: Locks
    space: Space = field(init=False)
    running: RunningTrials = field(init=False)

    def open(self, restart: bool = False) -> None:
        """Find or make it; with `restart`, forget what is there."""
        self.space = self.whole_space()
        self.running = RunningTrials(self.storage, self.subject.name)
        with exclusive(self.locks, self.subject.name), sampling.quiet():
            if restart and self.subject.name in optuna.get_all_study_names(self.storage):
                optuna.delete_study(study_name=self.subject.name, storage=self.storage)
            self._study = optuna.create_study(
                study_name=self.subject.name, storage=self.storage, direction="minimize", load_if_exists=True
            )
            attributes = self._study.user_attrs
            self.space = _begun_in(self.space, attributes.get("space"))
            for key, value in self._identity().items():
                if key not in attributes:
                    self._study.set_user_attr(key, value)
                elif attributes[key] != value:
                    raise UserError(_other_rules(self.subject.name, key, attributes[key], value))
            if strange := [trial.number for trial in self.trials if not self._is_ours(trial)]:
                raise UserError(
                    f"study {self.subject.name!r}: trial {strange[0]} was not asked for by snrbench tune; "
                    "--restart forgets the study and begins anew"
                )
            self.budget = self.budget.at_least(len(self.trials))
            if attributes.get("budget") != self.budget.record():
                self._study.set_user_attr("budget", self.budget.record())

    def whole_space(self) -> Space:
        """What a study that begins now searches."""
        return Space.of(self.subject.entry)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All of them, by number."""
        return [self.running.whole(trial) for trial in self._study.get_trials(deepcopy=False)]

    @property
    def runs_told(self) -> int:
        """Runs of the trials that have ended."""
        return self.budget.seeds * sum(trial.state.is_finished() for trial in self.trials)

    @property
    def searched(self) -> bool:
        """Whether every trial of the budget has ended."""
        trials = self.trials
        return len(trials) >= self.budget.trials and all(trial.state.is_finished() for trial in trials)

    @property
    def tuned(self) -> dict[str, Any]:
        """What was confirmed; empty when nothing was, or for fewer trials than there are now."""
        tuned = dict(self._study.user_attrs.get("tuned") or {})
        return tuned if tuned.get("trials") == len(self.trials) else {}

    def conclude(self, tuned: Mapping[str, Any]) -> None:
        """Store what was confirmed."""
        self._study.set_user_attr("tuned", dict(tuned))

    def take(self) -> TrialBlock | None:
        """The first block that is not done and that nobody works on; None when there is none."""
        with exclusive(self.locks, self.subject.name):
            trials = self.trials
            for start in range(0, self.budget.trials, self.budget.together):
                numbers = range(start, min(start + self.budget.together, self.budget.trials))
                ended = all(number < len(trials) and trials[number].state.is_finished() for number in numbers)
                if not ended and self.locks.claim(self._claim(start)):
                    self._fill(trials, numbers)
                    trials = self.trials
                    return TrialBlock(start, tuple(trials[number] for number in numbers), tuple(trials[:start]))
        return None

    def give_back(self, block: TrialBlock) -> None:
        """The block is told."""
        self.locks.release(self._claim(block.start))

    def tell(self, number: int, state: TrialState, value: float | None) -> None:
        """The end of a trial."""
        with sampling.quiet():
            self._study.tell(number, value, state)

    def confirming(self) -> bool:
        """Whether this command is the one that confirms."""
        return self.locks.claim(f"{self.subject.name} confirmation")

    def confirmed(self) -> None:
        """Let others confirm."""
        self.locks.release(f"{self.subject.name} confirmation")

    def _fill(self, trials: list[FrozenTrial], numbers: range) -> None:
        """Ask for the trials of a block that are not there yet."""
        if not trials:
            self._add(self.space.published, published=True)
            trials = self.trials
        missing = [number for number in numbers if number >= len(trials)]
        running = [trials[number].params for number in numbers if number < len(trials)]
        suggested = sampling.ask(
            trials[: numbers.start], running, missing, self.space.distributions, self.space.rounded
        )
        for params in suggested:
            self._add(params)

    def _add(self, params: Mapping[str, Value], **attributes: Any) -> None:
        with contextlib.suppress(UserError):  # the trial itself will say what is wrong
            entry = self.space.entry_of(params)
            attributes |= {"schedule": entry.schedule, "weighting": entry.weighting}
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(params),
                distributions=dict(self.space.distributions),
                user_attrs=attributes,
            )
        )

    def _identity(self) -> dict[str, Any]:
        """What the trials' values depend on."""
        track, entry = self.track, self.subject.entry
        return {
            "track": track.name,
            "target": self.subject.target,
            "schedule": entry.schedule,
            "weighting": entry.weighting,
            "apply": entry.apply,
            "metric": f"log {track.primary_metric}, validation",
            "protocol": track.protocol,
            "track_fingerprint": track.fingerprint,
            "fingerprint": entry.fingerprint,
            "space": self.space.record(),
            "seeds": self.budget.seeds,
            "together": self.budget.together,
        }

    @property
    def track(self) -> Track:
        return tracks.get(self.subject.track)

    def _is_ours(self, trial: FrozenTrial) -> bool:
        return trial.state.is_finished() or trial.params.keys() == self.space.distributions.keys()

    def _claim(self, start: int) -> str:
        return f"{self.subject.name} block {start}"


def _begun_in(space: Space, recorded: object) -> Space:
    """The space of a study that is there already, where it is one of the entry's; the entry's own else."""
    if not isinstance(recorded, Mapping) or recorded == space.record():
        return space
    before = Space.of(space.entry, recorded)
    return before if before.record() == recorded else space


def _other_rules(study: str, key: str, recorded: object, expected: object) -> str:
    difference = {
        "seeds": f"has {recorded} seeds a trial; got {expected}",
        "together": f"asked {recorded} trials at once; this track asks {expected}",
        "fingerprint": "was made before its schedule or weighting was changed",
        "space": "was made with another search space",
    }.get(key, f"was made under {key.replace('_', ' ')} {recorded!r}; now it is {expected!r}")
    return f"study {study!r} {difference}; --restart forgets it and begins anew"
